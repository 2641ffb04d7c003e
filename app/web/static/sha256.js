/**
 * SHA-256 of a file (FIPS 180-4). Browsers have it for pages that come by https or from this computer; for the others,
 * such as `http://pacs.hospital.lan`, it is worked out here, which is slower and still faster than sending the file.
 *
 * @module
 */

/** Larger files are sent without having been asked about: the browser wants them in memory as a whole. */
export const MAX_HASHED_BYTES = 256 * 1024 * 1024;

const STEP = 1024 * 1024;

/**
 * The digest as 64 hexadecimal digits.
 *
 * @param {Blob | ArrayBuffer} content
 * @param {SubtleCrypto | undefined} [subtle] what the browser has
 * @returns {Promise<string>}
 */
export async function sha256(content, subtle = globalThis.crypto?.subtle) {
  const isBlob = content instanceof Blob;
  const digest = subtle
    ? await subtle.digest("SHA-256", isBlob ? await content.arrayBuffer() : content)
    : await digestOf(isBlob ? content : new Blob([content]));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** In steps between which the page can be used. */
async function digestOf(blob) {
  const state = ROOTS.slice();
  for (let start = 0; start + 64 <= blob.size; start += STEP) {
    const bytes = await blob.slice(start, start + STEP).arrayBuffer();
    update(state, new DataView(bytes, 0, bytes.byteLength & ~63));
  }
  const rest = new Uint8Array(await blob.slice(blob.size & ~63).arrayBuffer());
  update(state, lastBlocks(rest, blob.size));
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, place) => digest.setUint32(4 * place, word));
  return digest.buffer;
}

/** What is left over, a one, zeros, and the number of bits. */
function lastBlocks(rest, size) {
  const blocks = new Uint8Array(rest.length < 56 ? 64 : 128);
  blocks.set(rest);
  blocks[rest.length] = 0x80;
  const view = new DataView(blocks.buffer);
  view.setUint32(blocks.length - 8, Math.floor(size / 0x20000000));
  view.setUint32(blocks.length - 4, (size % 0x20000000) * 8);
  return view;
}

function update(state, view) {
  const words = new Int32Array(64);
  for (let position = 0; position < view.byteLength; position += 64) {
    schedule(words, view, position);
    let a = state[0];
    let b = state[1];
    let c = state[2];
    let d = state[3];
    let e = state[4];
    let f = state[5];
    let g = state[6];
    let h = state[7];
    for (let round = 0; round < 64; round += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + CONSTANTS[round] + words[round]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0] = (state[0] + a) | 0;
    state[1] = (state[1] + b) | 0;
    state[2] = (state[2] + c) | 0;
    state[3] = (state[3] + d) | 0;
    state[4] = (state[4] + e) | 0;
    state[5] = (state[5] + f) | 0;
    state[6] = (state[6] + g) | 0;
    state[7] = (state[7] + h) | 0;
  }
}

function schedule(words, view, position) {
  for (let place = 0; place < 16; place += 1) words[place] = view.getInt32(position + 4 * place);
  for (let place = 16; place < 64; place += 1) {
    const x = words[place - 15];
    const y = words[place - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[place] = (words[place - 16] + s0 + words[place - 7] + s1) | 0;
  }
}

/** The first 32 bits of the fractional parts of a root of each of the first primes (§4.2.2, §5.3.3). */
function fractions(count, root) {
  const primes = [];
  for (let number = 2; primes.length < count; number += 1) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  return Int32Array.from(primes, (prime) => Math.floor((root(prime) % 1) * 2 ** 32));
}

const CONSTANTS = fractions(64, Math.cbrt);
const ROOTS = fractions(8, Math.sqrt);
