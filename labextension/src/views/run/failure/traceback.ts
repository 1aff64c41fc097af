/**
 * Splits a traceback into frames: which of them are the user's own code, and at which line. Pure.
 */

/** A frame with the lines that Python shows of it, or text between frames. */
export interface ITracebackPart {
  text: string;
  /** The line of the sweep's cell of this frame, from 1; null if it is elsewhere. */
  line: number | null;
  /** Whether the file belongs to the user, and not to a library. */
  isUserCode: boolean;
}

export interface ISourcePaths {
  /** The copy of the cell that was executed; it includes the magic as its first line. */
  cell: string;
  /** The directory in which the sweep was started. */
  directory: string;
}

const FRAME_PATTERN = /^ {2}File "(.+)", line (\d+)(?:, in .*)?$/;

export function parseTraceback(traceback: string, source: ISourcePaths): ITracebackPart[] {
  const parts: ITracebackPart[] = [];
  let inFrame = false;
  for (const text of traceback.trim().split('\n')) {
    const frame = FRAME_PATTERN.exec(text);
    if (frame !== null) {
      const [, file, line] = frame;
      const isCell = file === source.cell;
      const isUserCode = isCell || isBelow(file, source.directory);
      parts.push({ text, line: isCell ? Number(line) : null, isUserCode });
      inFrame = true;
    } else if (inFrame ? text.startsWith('    ') : parts.length > 0) {
      parts[parts.length - 1].text += `\n${text}`;
    } else {
      parts.push({ text, line: null, isUserCode: false });
      inFrame = false;
    }
  }
  return parts;
}

/** The lines of the cell that occur in a traceback, the innermost one last. */
export function cellLines(parts: readonly ITracebackPart[]): number[] {
  return parts.flatMap(part => (part.line === null ? [] : [part.line]));
}

/** The lines around a line, for display with their numbers (from 1). */
export function codeExcerpt(
  code: string,
  line: number,
  contextLines: number
): { number: number; text: string }[] {
  // `/\n+$/` alone would retry at each newline of a sequence.
  return code
    .replace(/(?<!\n)\n+$/, '')
    .split('\n')
    .map((text, index) => ({ number: index + 1, text }))
    .slice(Math.max(0, line - 1 - contextLines), line + contextLines);
}

function isBelow(file: string, directory: string): boolean {
  const folder = directory.endsWith('/') ? directory : `${directory}/`;
  return (
    file.startsWith(folder) && !/\/(site-packages|dist-packages|lib\/python[\d.]+)\//.test(file)
  );
}
