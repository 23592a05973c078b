/** PHP's messages and exceptions of one request: php_error_docref() and EG(exception). */
import type { PhpVersion } from '../../serialize/index.ts';
import { emitAsWarning, type PhpMessageHandler, type PhpMessageLevel } from '../messages.ts';

/** Reports as C code does: warnings at once, exceptions when the running function ends. */
export class Reporter {
  readonly version: PhpVersion;
  /** The function that messages begin with. */
  activeFunction = 'PHP Request Startup';
  /** EG(exception): thrown by a callback, not yet thrown out of the session function. */
  exception: { readonly error: unknown } | undefined;
  /** True at the very end, where no program is running that could catch an exception. */
  hasLeftProgram = false;
  /** The number of running callbacks of a save handler, each within the one before. */
  callbackDepth = 0;
  /** True while the receiver of messages runs. */
  isReporting = false;
  readonly #onMessage: PhpMessageHandler;

  constructor(version: PhpVersion = '8.4', onMessage: PhpMessageHandler = emitAsWarning) {
    this.version = version;
    this.#onMessage = onMessage;
  }

  /** The start of a message: `session_start()`, or the phase of the request. */
  get prefix(): string {
    const name = this.activeFunction;
    return name.startsWith('PHP ') ? name : `${name}()`;
  }

  /** zend_bailout(): an exception that no program could catch ends the phase at once. */
  get bailsOut(): boolean {
    return this.hasLeftProgram && this.callbackDepth === 0;
  }

  /** php_error_docref(): a message with the active function's name before it. */
  warn(level: PhpMessageLevel, text: string, prefix: string = `${this.prefix}: `): void {
    // zend_error() calls no error handler while an exception is pending.
    if (this.exception) return;
    // Nor does it call an error handler for a message that this handler itself causes.
    const isNested = this.isReporting;
    const receive = isNested ? emitAsWarning : this.#onMessage;
    this.isReporting = true;
    try {
      receive({ level, message: `${prefix}${text}` });
    } catch (error) {
      // After an error handler that throws, the function runs on to its end, as C code does.
      this.keep(error);
    } finally {
      this.isReporting = isNested;
    }
  }

  /** zend_throw_error() and its like: a pending exception becomes the new one's `cause`. */
  throwLater(error: Error): void {
    if (this.exception && !this.bailsOut) error.cause = this.exception.error;
    this.keep(error);
  }

  /** Keeps an exception until the running function ends; throws it where no program runs. */
  keep(error: unknown): void {
    if (this.bailsOut) throw error;
    this.exception = { error };
  }

  /** Throws the pending exception, if there is one. */
  throwPending(): void {
    const { exception } = this;
    this.exception = undefined;
    if (exception) throw exception.error;
  }
}
