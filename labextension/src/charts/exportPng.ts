/** Exports the canvases of a plot as a PNG, with the plot's title above it. */

import { downloadFile } from '../components/download';

const TITLE = 22;

export function exportPng(figure: HTMLElement, title: string): void {
  const canvases = [...figure.querySelectorAll('canvas')];
  const boxes = canvases.map(source => source.getBoundingClientRect());
  const left = Math.min(...boxes.map(box => box.left));
  const top = Math.min(...boxes.map(box => box.top));
  const right = Math.max(...boxes.map(box => box.right));
  const bottom = Math.max(...boxes.map(box => box.bottom));
  const ratio = window.devicePixelRatio;
  const canvas = document.createElement('canvas');
  canvas.width = Math.ceil((right - left) * ratio);
  canvas.height = Math.ceil((bottom - top + TITLE) * ratio);
  const context = canvas.getContext('2d');
  if (context === null || canvases.length === 0) {
    return;
  }
  const style = getComputedStyle(figure);
  context.scale(ratio, ratio);
  context.fillStyle = style.getPropertyValue('--jp-layout-color1');
  context.fillRect(0, 0, right - left, bottom - top + TITLE);
  context.fillStyle = style.getPropertyValue('--jp-ui-font-color1');
  context.font = `600 13px ${style.fontFamily}`;
  context.fillText(title, 8, TITLE - 6);
  canvases.forEach((source, index) => {
    const box = boxes[index];
    context.drawImage(source, box.left - left, box.top - top + TITLE, box.width, box.height);
  });
  canvas.toBlob(blob => {
    if (blob !== null) {
      downloadFile(`${title}.png`, blob);
    }
  });
}
