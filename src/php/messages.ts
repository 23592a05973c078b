/** How serious PHP takes a message. */
export type PhpMessageLevel = 'E_WARNING' | 'E_NOTICE' | 'E_DEPRECATED';

/** A message in PHP's words, as PHP would print or log it. */
export interface PhpSessionMessage {
  /** How serious PHP takes it. */
  readonly level: PhpMessageLevel;
  /** The whole text: `session_start(): Failed to read session data: user (path: )`. */
  readonly message: string;
}

/** Receives PHP's messages of one request. */
export type PhpMessageHandler = (message: PhpSessionMessage) => void;

const deprecationsTold = new Set<string>();

/**
 * Hands a message to Node's warnings: what happens without a handler of one's own.
 *
 * A deprecation is told once per process, as Node tells its own; everything else each time.
 *
 * @param message - PHP's message.
 */
export function emitAsWarning(message: PhpSessionMessage): void {
  if (message.level === 'E_DEPRECATED') {
    if (deprecationsTold.has(message.message)) return;
    deprecationsTold.add(message.message);
  }
  process.emitWarning(message.message, { type: message.level });
}

/** The class PHP throws for what a program got wrong: an Error, a TypeError, a ValueError. */
export class PhpValueError extends Error {
  /** As PHP names its class. */
  override readonly name = 'ValueError';
}

/** A session function was called where no request is, or after its request. */
export class PhpScopeError extends Error {
  /** Tells it apart from what a save handler throws. */
  override readonly name = 'PhpScopeError';
}
