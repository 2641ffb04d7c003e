/**
 * The canvas: where a picture lies on it, and how it is drawn.
 *
 * A placement turns points of the image (0, 0 is the upper left corner of the first pixel) into points of the viewport
 * in CSS pixels: aspect and zoom, then flips, then quarter turns, then the shift of the middle.
 *
 * @module
 */

const LEAST = 0.02;
const MOST = 40;

/** A canvas with a picture on it. */
export class Viewport {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.buffer = document.createElement("canvas");
    this.picture = null;
    this.size = { columns: 1, rows: 1, aspect: [1, 1] };
    this.reset();
  }

  /** Show all of the picture, upright. */
  reset() {
    this.place = { zoom: null, x: 0, y: 0, turns: 0, flipX: false, flipY: false };
  }

  /** Fit the canvas to its element; true if it has changed. */
  resize() {
    const ratio = devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(this.canvas.clientHeight * ratio));
    if (this.canvas.width === width && this.canvas.height === height) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    return true;
  }

  get width() {
    return this.canvas.clientWidth;
  }

  get height() {
    return this.canvas.clientHeight;
  }

  /** The zoom that shows all of the picture: CSS pixels for a pixel of the image, of its shorter side. */
  get fitting() {
    const { columns, rows, aspect } = this.size;
    const sides = [columns * aspect[1], rows * aspect[0]];
    if (this.place.turns % 2) sides.reverse();
    return Math.min(this.width / sides[0], this.height / sides[1]);
  }

  get zoom() {
    return this.place.zoom ?? this.fitting;
  }

  /** The numbers a, b, c, d, e, f of the transformation from image to viewport. */
  get matrix() {
    const { columns, rows, aspect } = this.size;
    const { turns, flipX, flipY, x, y } = this.place;
    const across = this.zoom * aspect[1] * (flipX ? -1 : 1);
    const down = this.zoom * aspect[0] * (flipY ? -1 : 1);
    const [cos, sin] = [
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
    ][turns];
    const [a, b, c, d] = [cos * across, sin * across, -sin * down, cos * down];
    const ratio = devicePixelRatio || 1;
    const snap = (value) => Math.round(value * ratio) / ratio;
    const e = snap(this.width / 2 + x - (a * columns + c * rows) / 2);
    const f = snap(this.height / 2 + y - (b * columns + d * rows) / 2);
    return [a, b, c, d, e, f];
  }

  /** Where a point of the image is in the viewport. */
  toScreen({ x, y }) {
    const [a, b, c, d, e, f] = this.matrix;
    return { x: a * x + c * y + e, y: b * x + d * y + f };
  }

  /** Which point of the image is at a point of the viewport. */
  toImage({ x, y }) {
    const [a, b, c, d, e, f] = this.matrix;
    const whole = a * d - b * c;
    return { x: (d * (x - e) - c * (y - f)) / whole, y: (a * (y - f) - b * (x - e)) / whole };
  }

  /** Zoom by a factor, so that a point of the viewport stays where it is; without one the middle. */
  zoomBy(factor, at = { x: this.width / 2, y: this.height / 2 }) {
    const before = this.toImage(at);
    this.place.zoom = Math.min(MOST, Math.max(LEAST, this.zoom * factor));
    const after = this.toScreen(before);
    this.place.x += at.x - after.x;
    this.place.y += at.y - after.y;
  }

  /** One pixel of the picture on one of the screen. */
  oneToOne() {
    Object.assign(this.place, { zoom: 1 / (devicePixelRatio || 1), x: 0, y: 0 });
  }

  fit() {
    Object.assign(this.place, { zoom: null, x: 0, y: 0 });
  }

  /** Move by CSS pixels. */
  pan(x, y) {
    this.place.zoom = this.zoom;
    this.place.x += x;
    this.place.y += y;
  }

  /** A quarter turn clockwise. */
  turn() {
    this.place.turns = (this.place.turns + 1) % 4;
    [this.place.x, this.place.y] = [-this.place.y, this.place.x];
  }

  /** Mirror what is seen. @param {"x" | "y"} axis of the viewport */
  flip(axis) {
    const isTurned = this.place.turns % 2 === 1;
    if ((axis === "x") !== isTurned) this.place.flipX = !this.place.flipX;
    else this.place.flipY = !this.place.flipY;
    this.place[axis] *= -1;
  }

  /**
   * Where pixels of a grey picture are put.
   *
   * @returns {Uint32Array}
   */
  pixelsFor(columns, rows) {
    if (this.buffer.width !== columns || this.buffer.height !== rows || !this.pixels) {
      this.buffer.width = columns;
      this.buffer.height = rows;
      this.painter = this.buffer.getContext("2d", { alpha: false });
      this.data = this.painter.createImageData(columns, rows);
      this.pixels = new Uint32Array(this.data.data.buffer);
    }
    return this.pixels;
  }

  /** Show what was put into the pixels. */
  usePixels() {
    this.painter.putImageData(this.data, 0, 0);
    this.picture = this.buffer;
  }

  /** Draw the picture, or nothing. */
  draw() {
    const { context, canvas } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (!this.picture) return;
    const ratio = devicePixelRatio || 1;
    const matrix = this.matrix.map((one) => one * ratio);
    const scale = Math.max(Math.hypot(matrix[0], matrix[1]), Math.hypot(matrix[2], matrix[3]));
    context.imageSmoothingEnabled = Math.abs(scale - 1) > 1e-6 || this.size.aspect[0] !== this.size.aspect[1];
    context.imageSmoothingQuality = scale < 0.75 ? "medium" : "low";
    context.setTransform(...matrix);
    context.drawImage(this.picture, 0, 0, this.size.columns, this.size.rows);
  }
}
