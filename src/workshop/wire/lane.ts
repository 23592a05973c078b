import type { Socket } from 'node:net';

/** One direction of a connection: a held packet keeps everything behind it waiting. */
export class Lane {
  readonly #to: Socket;
  readonly #queue: { bytes: Buffer; ready: boolean; onSend: () => void }[] = [];
  #ending = false;

  constructor(to: Socket) {
    this.#to = to;
  }

  get full(): boolean {
    return this.#to.writableNeedDrain;
  }

  onDrain(listener: () => void): void {
    this.#to.once('drain', listener);
  }

  send(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#queue.length === 0) this.#to.write(bytes);
    else this.#queue.push({ bytes, ready: true, onSend: () => {} });
  }

  /** Keeps bytes back until the returned function is called. */
  sendLater(bytes: Buffer, onSend: () => void = () => {}): () => void {
    const entry = { bytes, ready: false, onSend };
    this.#queue.push(entry);
    return () => {
      entry.ready = true;
      this.#flush();
    };
  }

  /** Ends the connection once the queue is empty. */
  end(): void {
    this.#ending = true;
    this.#flush();
  }

  #flush(): void {
    for (let first = this.#queue[0]; first?.ready; first = this.#queue[0]) {
      this.#queue.shift();
      first.onSend();
      this.#to.write(first.bytes);
    }
    if (this.#ending && this.#queue.length === 0) this.#to.end();
  }
}
