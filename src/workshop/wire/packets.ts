/**
 * MySQL's framing: three bytes of length, one sequence number, the payload. A payload of exactly
 * 0xffffff bytes continues in the next packet.
 */

/** A logical packet: its continuation packets, if any, are part of it. */
export interface Packet {
  /** The sequence number of its first frame; 0 begins a command. */
  sequence: number;
  payload: Buffer;
  /** The bytes as they came, headers and all, ready to be sent on. */
  raw: Buffer;
}

const headerLength = 4;
const fullFrame = 0xffffff;

/** Cuts a stream of bytes into packets. */
export class PacketReader {
  #chunks: Buffer[] = [];
  #length = 0;
  /** The bytes that the current packet needs before the next look at it. */
  #wanted = headerLength;

  /** Takes the bytes that arrived, and returns the packets that are complete now. */
  push(chunk: Buffer): Packet[] {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#wanted) return [];
    let bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length);
    const packets: Packet[] = [];
    for (;;) {
      const length = measure(bytes);
      this.#wanted = Math.max(length, headerLength);
      if (bytes.length < headerLength || bytes.length < length) break;
      packets.push(toPacket(bytes.subarray(0, length)));
      bytes = bytes.subarray(length);
    }
    this.#chunks = bytes.length > 0 ? [bytes] : [];
    this.#length = bytes.length;
    return packets;
  }

  /** Everything that is not a complete packet yet; the reader is empty afterwards. */
  take(): Buffer {
    const rest = Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [];
    this.#length = 0;
    this.#wanted = headerLength;
    return rest;
  }
}

/** The length of the first logical packet with its headers, as far as the bytes are there. */
function measure(bytes: Buffer): number {
  let end = 0;
  for (;;) {
    if (bytes.length < end + headerLength) return end + headerLength;
    const length = bytes.readUIntLE(end, 3);
    end += headerLength + length;
    if (length < fullFrame) return end;
  }
}

function toPacket(raw: Buffer): Packet {
  const sequence = raw[3] ?? 0;
  const first = raw.readUIntLE(0, 3);
  if (first < fullFrame) return { sequence, payload: raw.subarray(headerLength), raw };
  const parts: Buffer[] = [];
  for (let at = 0; at < raw.length; ) {
    const length = raw.readUIntLE(at, 3);
    parts.push(raw.subarray(at + headerLength, at + headerLength + length));
    at += headerLength + length;
  }
  return { sequence, payload: Buffer.concat(parts), raw };
}
