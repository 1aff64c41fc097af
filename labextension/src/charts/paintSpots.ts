/** Draws a run as a point; its state is told by the shape as well as by the colour. */

import type { RunState } from '../wire';
import type { IFrame } from './frame';
import type { IColours } from './theme';

type Context = CanvasRenderingContext2D;

export interface ISpotLook {
  colour: string;
  shape: RunState;
  size: number;
  alpha: number;
  /** A line around it, where it lies on a surface of colours. */
  edge: string | null;
}

/** A point at a place from 0 to 1 on both axes. */
export function paintSpot(
  context: Context,
  frame: IFrame,
  x: number,
  y: number,
  { colour, shape, size, alpha, edge }: ISpotLook
): void {
  const [left, top] = pixels(frame, x, y);
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  switch (shape) {
    case 'failed':
    case 'killed':
    case 'lost':
      context.moveTo(left - size, top - size);
      context.lineTo(left + size, top + size);
      context.moveTo(left + size, top - size);
      context.lineTo(left - size, top + size);
      context.stroke();
      break;
    case 'pruned':
      context.moveTo(left, top - size);
      context.lineTo(left + size, top + size);
      context.lineTo(left - size, top + size);
      context.closePath();
      context.fill();
      break;
    case 'stopped':
      context.rect(left - size, top - size, 2 * size, 2 * size);
      context.fill();
      break;
    case 'pending':
    case 'running':
      context.arc(left, top, size, 0, 2 * Math.PI);
      context.stroke();
      break;
    case 'finished':
      context.arc(left, top, size, 0, 2 * Math.PI);
      context.fill();
      if (edge !== null) {
        context.lineWidth = 1;
        context.strokeStyle = edge;
        context.stroke();
      }
  }
  context.globalAlpha = 1;
}

/** The point that the pointer or the keyboard is at. */
export function paintRing(
  context: Context,
  frame: IFrame,
  x: number,
  y: number,
  colour: string,
  colours: IColours
): void {
  const [left, top] = pixels(frame, x, y);
  context.beginPath();
  context.arc(left, top, 6, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.lineWidth = 2;
  context.strokeStyle = colours.text;
  context.stroke();
}

function pixels(frame: IFrame, x: number, y: number): [number, number] {
  return [
    frame.left + x * (frame.right - frame.left),
    frame.bottom + y * (frame.top - frame.bottom)
  ];
}
