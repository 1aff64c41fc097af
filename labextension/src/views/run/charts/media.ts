/** Parses logged values, by W&B's `_type`, into the form in which they are shown. Pure. */

/** An image; masks and boxes are files of the run as well. */
export interface IImage {
  path: string;
  caption: string;
  masks: readonly { name: string; path: string }[];
  boxes: readonly { name: string; path: string }[];
}

/** The colors of masks and boxes, by `layerId`. */
export type LayerColors = ReadonlyMap<string, string>;

/** Identifies a layer of an image among the images of one key. */
export function layerId(kind: 'mask' | 'boxes', name: string): string {
  return `${kind}:${name}`;
}

/**
 * One color for each mask and each set of boxes, by name: the same in all images that were logged
 * under one key, whichever layers each of them has, and whichever are hidden.
 */
export function layerColors(
  values: readonly unknown[],
  color: (index: number) => string
): LayerColors {
  const ids = new Set<string>();
  for (const value of values) {
    const content = parseMedia(value);
    for (const { masks, boxes } of content.kind === 'images' ? content.pictures : []) {
      masks.forEach(({ name }) => ids.add(layerId('mask', name)));
      boxes.forEach(({ name }) => ids.add(layerId('boxes', name)));
    }
  }
  return new Map([...ids].sort().map((id, index) => [id, color(index + 1)]));
}

export type MediaContent =
  | { kind: 'plotly'; paths: readonly string[] }
  | { kind: 'objects'; paths: readonly string[] }
  | { kind: 'images'; pictures: readonly IImage[] }
  | { kind: 'table'; path: string }
  | { kind: 'html'; path: string }
  | { kind: 'audio' | 'video'; files: readonly { path: string; caption: string }[] }
  | { kind: 'histogram' }
  | { kind: 'text'; text: string }
  | { kind: 'file'; type: string; path: string }
  | { kind: 'other'; type: string; text: string };

type Json = Readonly<Record<string, unknown>>;

export function parseMedia(value: unknown): MediaContent {
  if (typeof value === 'string') {
    return { kind: 'text', text: value };
  }
  if (!isObject(value)) {
    return { kind: 'other', type: typeof value, text: JSON.stringify(value) };
  }
  const type = asText(value._type) || 'object';
  const path = asText(value.path);
  switch (type) {
    case 'image-file':
      return { kind: 'images', pictures: [parseImage(value, value.caption)] };
    case 'images/separated':
    case 'images':
      return { kind: 'images', pictures: parseImages(value) };
    case 'table-file':
      return { kind: 'table', path };
    case 'html-file':
      return { kind: 'html', path };
    case 'html':
      return { kind: 'html', path: asText(asList(value.html).map(asObject)[0]?.path) };
    case 'audio-file':
      return { kind: 'audio', files: [parseFile(value)] };
    case 'audio':
      return { kind: 'audio', files: parseFiles(value, 'audio') };
    case 'video-file':
      return { kind: 'video', files: [parseFile(value)] };
    case 'videos':
      return { kind: 'video', files: parseFiles(value, 'videos') };
    case 'histogram':
      return { kind: 'histogram' };
    case 'plotly-file':
      return { kind: 'plotly', paths: [path] };
    case 'plotly':
      return { kind: 'plotly', paths: parsePaths(value.plotly) };
    case 'object3D-file':
      return { kind: 'objects', paths: [path] };
    case 'object3D':
      return { kind: 'objects', paths: parsePaths(value.objects) };
    default:
      return path === ''
        ? { kind: 'other', type, text: JSON.stringify(value, null, 2) }
        : { kind: 'file', type, path };
  }
}

/** A table's columns and rows; null if the text is not a table. */
export function parseTable(json: string): { columns: string[]; rows: unknown[][] } | null {
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
  return { columns: columns.map(String), rows: data.map(asList) };
}

/** A box on an image, as fractions of its width and height. */
export interface IBox {
  left: number;
  top: number;
  width: number;
  height: number;
  label: string;
}

/** The boxes in W&B's file; `size` is the image's size, for boxes given in pixels. */
export function parseBoxes(json: string, size: { width: number; height: number }): IBox[] {
  let parsed: Json;
  try {
    parsed = asObject(JSON.parse(json));
  } catch {
    return [];
  }
  const labels = asObject(parsed.class_labels);
  return asList(parsed.box_data)
    .map(asObject)
    .flatMap(box => {
      const position = asObject(box.position);
      const [wide, high] = box.domain === 'pixel' ? [size.width, size.height] : [1, 1];
      const label = asText(box.box_caption) || asText(labels[String(box.class_id)]);
      const sides = [position.minX, position.maxX, position.minY, position.maxY];
      if (sides.every(side => typeof side === 'number')) {
        const [left, right, top, bottom] = sides;
        const [width, height] = [(right - left) / wide, (bottom - top) / high];
        return [{ left: left / wide, top: top / high, width, height, label }];
      }
      const [middle, width, height] = [asList(position.middle), position.width, position.height];
      if (typeof width === 'number' && typeof height === 'number' && middle.length === 2) {
        const left = (Number(middle[0]) - width / 2) / wide;
        const top = (Number(middle[1]) - height / 2) / high;
        return [{ left, top, width: width / wide, height: height / high, label }];
      }
      return [];
    });
}

function parseImages(value: Json): IImage[] {
  const captions = asList(value.captions);
  const masks = asList(value.all_masks);
  const boxes = asList(value.all_boxes);
  return asList(value.filenames).map((path, index) =>
    parseImage({ path, masks: masks[index], boxes: boxes[index] }, captions[index])
  );
}

function parseImage(value: Json, caption: unknown): IImage {
  return {
    path: asText(value.path),
    caption: asText(caption),
    masks: Object.entries(asObject(value.masks)).map(([name, mask]) => ({
      name,
      path: asText(asObject(mask).path)
    })),
    boxes: Object.entries(asObject(value.boxes)).map(([name, box]) => ({
      name,
      path: asText(asObject(box).path)
    }))
  };
}

function parseFiles(value: Json, name: string): { path: string; caption: string }[] {
  const captions = asList(value.captions);
  return asList(value[name]).map((file, index) => ({
    ...parseFile(asObject(file)),
    caption: asText(captions[index])
  }));
}

function parsePaths(values: unknown): string[] {
  return asList(values).map(each => asText(asObject(each).path));
}

/** Whether the panel can draw a 3D object; of meshes, it has only the file. */
export function isPointCloud(path: string): boolean {
  return path.endsWith('.pts.json');
}

function parseFile(value: Json): { path: string; caption: string } {
  return { path: asText(value.path), caption: asText(value.caption) };
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function asObject(value: unknown): Json {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
