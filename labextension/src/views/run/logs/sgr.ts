/**
 * The colors and styles of a terminal, as SGR sequences change them (ECMA-48; colors as
 * in xterm), and how that looks in JupyterLab. Pure.
 */

export interface ITextStyle {
  /** JupyterLab's own classes for the colors and styles of terminals. */
  classes: string;
  /** Colors that have no class, as CSS. */
  color?: string;
  background?: string;
}

type Color = number | string | null;

export interface ISgrState {
  fore: Color;
  back: Color;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  inverse: boolean;
}

export const INITIAL_SGR: ISgrState = {
  fore: null,
  back: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  strike: false,
  inverse: false
};

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

/** The state after an SGR sequence. */
export function applySgr(before: ISgrState, values: string): ISgrState {
  let state = { ...before };
  // `38:2::1:2:3` is the standard's way to write `38;2;1;2;3`.
  const codes = values
    .replace(/:(?=:)/g, '')
    .split(/[;:]/)
    .map(Number);
  for (let place = 0; place < codes.length; place += 1) {
    const code = codes[place];
    if (code === 38 || code === 48) {
      const [color, used] = extended(codes.slice(place + 1));
      state[code === 38 ? 'fore' : 'back'] = color;
      place += used;
    } else {
      state = { ...state, ...changeOf(code, state) };
    }
  }
  return state;
}

function changeOf(code: number, state: ISgrState): Partial<ISgrState> {
  switch (code) {
    case 0:
      return INITIAL_SGR;
    case 1:
      return { bold: true };
    case 2:
      return { dim: true };
    case 3:
      return { italic: true };
    case 4:
    case 21:
      return { underline: true };
    case 7:
      return { inverse: true };
    case 9:
      return { strike: true };
    case 22:
      return { bold: false, dim: false };
    case 23:
      return { italic: false };
    case 24:
      return { underline: false };
    case 27:
      return { inverse: false };
    case 29:
      return { strike: false };
    case 39:
      return { fore: null };
    case 49:
      return { back: null };
  }
  if (code >= 30 && code <= 37) {
    return { fore: code - 30 };
  }
  if (code >= 40 && code <= 47) {
    return { back: code - 40 };
  }
  if (code >= 90 && code <= 97) {
    return { fore: code - 82 };
  }
  return code >= 100 && code <= 107 ? { back: code - 92 } : state;
}

/** The color that follows 38 or 48, and how many numbers say it. */
function extended([kind, ...rest]: readonly number[]): [Color, number] {
  if (kind === 5 && rest.length > 0) {
    return [paletteColor(rest[0]), 2];
  }
  if (kind === 2 && rest.length > 2) {
    return [rgb(rest[0], rest[1], rest[2]), 4];
  }
  return [null, rest.length + 1];
}

/** A color of xterm's palette of 256: 16 named ones, a cube of 6 × 6 × 6, and 24 greys. */
function paletteColor(index: number): Color {
  if (!(index >= 0 && index < 256)) {
    return null;
  }
  if (index < 16) {
    return index;
  }
  if (index >= 232) {
    const grey = 8 + 10 * (index - 232);
    return rgb(grey, grey, grey);
  }
  const level = (step: number) => (step === 0 ? 0 : 55 + 40 * step);
  const place = index - 16;
  return rgb(level(Math.floor(place / 36)), level(Math.floor(place / 6) % 6), level(place % 6));
}

function rgb(...parts: number[]): string {
  return `rgb(${parts.map(part => Math.max(0, Math.min(255, part || 0))).join(', ')})`;
}

export function styleOf(state: ISgrState): ITextStyle {
  const classes: string[] = [];
  const style: ITextStyle = { classes: '' };
  const [fore, back] = state.inverse ? [state.back, state.fore] : [state.fore, state.back];
  if (typeof fore === 'number') {
    classes.push(`ansi-${nameOf(fore)}-fg`);
  } else if (fore !== null) {
    style.color = fore;
  } else if (state.inverse) {
    classes.push('ansi-default-inverse-fg');
  }
  if (typeof back === 'number') {
    classes.push(`ansi-${nameOf(back)}-bg`);
  } else if (back !== null) {
    style.background = back;
  } else if (state.inverse) {
    classes.push('ansi-default-inverse-bg');
  }
  for (const name of ['bold', 'underline'] as const) {
    if (state[name]) {
      classes.push(`ansi-${name}`);
    }
  }
  for (const name of ['dim', 'italic', 'strike'] as const) {
    if (state[name]) {
      classes.push(`jp-wm-mod-${name}`);
    }
  }
  return { ...style, classes: classes.join(' ') };
}

function nameOf(color: number): string {
  return color < 8 ? NAMES[color] : `${NAMES[color - 8]}-intense`;
}

export function isSame(one: ITextStyle, other: ITextStyle): boolean {
  return (
    one.classes === other.classes &&
    one.color === other.color &&
    one.background === other.background
  );
}
