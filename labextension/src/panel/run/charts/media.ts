/** What a logged value is, by W&B's `_type`, in the form in which it is shown. Pure. */

/** An image; masks and boxes are files of the run, too. */
export interface IPicture {
  path: string;
  caption: string;
  masks: readonly { name: string; path: string }[];
  boxes: readonly { name: string; path: string }[];
}

export type Shown =
  | { kind: 'images'; pictures: readonly IPicture[] }
  | { kind: 'table'; path: string }
  | { kind: 'html'; path: string }
  | { kind: 'audio' | 'video'; files: readonly { path: string; caption: string }[] }
  | { kind: 'histogram' }
  | { kind: 'text'; text: string }
  | { kind: 'file'; type: string; path: string }
  | { kind: 'other'; type: string; text: string };

type Json = Readonly<Record<string, unknown>>;

export function shownOf(value: unknown): Shown {
  if (typeof value === 'string') {
    return { kind: 'text', text: value };
  }
  if (!isObject(value)) {
    return { kind: 'other', type: typeof value, text: JSON.stringify(value) };
  }
  const type = text(value._type) || 'object';
  const path = text(value.path);
  switch (type) {
    case 'image-file':
      return { kind: 'images', pictures: [pictureOf(value, value.caption)] };
    case 'images/separated':
    case 'images':
      return { kind: 'images', pictures: picturesOf(value) };
    case 'table-file':
      return { kind: 'table', path };
    case 'html-file':
      return { kind: 'html', path };
    case 'html':
      return { kind: 'html', path: text(list(value.html).map(asObject)[0]?.path) };
    case 'audio-file':
      return { kind: 'audio', files: [fileOf(value)] };
    case 'audio':
      return { kind: 'audio', files: filesOf(value, 'audio') };
    case 'video-file':
      return { kind: 'video', files: [fileOf(value)] };
    case 'videos':
      return { kind: 'video', files: filesOf(value, 'videos') };
    case 'histogram':
      return { kind: 'histogram' };
    default:
      return path === ''
        ? { kind: 'other', type, text: JSON.stringify(value, null, 2) }
        : { kind: 'file', type, path };
  }
}

/** A table's columns and rows; null if the text is none. */
export function tableOf(json: string): { columns: string[]; rows: unknown[][] } | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return null;
  }
  const { columns, data } = asObject(parsed);
  if (!Array.isArray(columns) || !Array.isArray(data)) {
    return null;
  }
  return { columns: columns.map(String), rows: data.map(list) };
}

/** A box on an image, in shares of its width and height. */
export interface IBox {
  left: number;
  top: number;
  width: number;
  height: number;
  label: string;
}

/** The boxes in W&B's file; `size` is the image's, for boxes that are told in pixels. */
export function boxesOf(json: string, size: { width: number; height: number }): IBox[] {
  let parsed: Json;
  try {
    parsed = asObject(JSON.parse(json));
  } catch {
    return [];
  }
  const labels = asObject(parsed.class_labels);
  return list(parsed.box_data)
    .map(asObject)
    .flatMap(box => {
      const at = asObject(box.position);
      const [wide, high] = box.domain === 'pixel' ? [size.width, size.height] : [1, 1];
      const label = text(box.box_caption) || text(labels[String(box.class_id)]);
      const sides = [at.minX, at.maxX, at.minY, at.maxY];
      if (sides.every(side => typeof side === 'number')) {
        const [left, right, top, bottom] = sides;
        const [width, height] = [(right - left) / wide, (bottom - top) / high];
        return [{ left: left / wide, top: top / high, width, height, label }];
      }
      const [middle, width, height] = [list(at.middle), at.width, at.height];
      if (typeof width === 'number' && typeof height === 'number' && middle.length === 2) {
        const left = (Number(middle[0]) - width / 2) / wide;
        const top = (Number(middle[1]) - height / 2) / high;
        return [{ left, top, width: width / wide, height: height / high, label }];
      }
      return [];
    });
}

function picturesOf(value: Json): IPicture[] {
  const captions = list(value.captions);
  const masks = list(value.all_masks);
  const boxes = list(value.all_boxes);
  return list(value.filenames).map((path, index) =>
    pictureOf({ path, masks: masks[index], boxes: boxes[index] }, captions[index])
  );
}

function pictureOf(value: Json, caption: unknown): IPicture {
  return {
    path: text(value.path),
    caption: text(caption),
    masks: Object.entries(asObject(value.masks)).map(([name, mask]) => ({
      name,
      path: text(asObject(mask).path)
    })),
    boxes: Object.entries(asObject(value.boxes)).map(([name, box]) => ({
      name,
      path: text(asObject(box).path)
    }))
  };
}

function filesOf(value: Json, name: string): { path: string; caption: string }[] {
  const captions = list(value.captions);
  return list(value[name]).map((each, index) => ({
    ...fileOf(asObject(each)),
    caption: text(captions[index])
  }));
}

function fileOf(value: Json): { path: string; caption: string } {
  return { path: text(value.path), caption: text(value.caption) };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function asObject(value: unknown): Json {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
