/** An image with its caption, and the masks and boxes that lie on it. */

import { type ReactElement, useState } from 'react';

import { runColour } from '../../../colours';
import { useLab } from '../../../lab';
import type { RunModel } from '../../../run';
import { useFileText } from '../useFileText';
import { boxesOf, type IPicture } from './media';

export function Picture({
  run,
  picture,
  name
}: {
  run: RunModel;
  picture: IPicture;
  name: string;
}): ReactElement {
  const { model } = useLab();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [size, setSize] = useState({ width: 1, height: 1 });
  const url = (path: string) => model.api.fileUrl(run.sweep.id, run.id, path);
  const toggle = (layer: string) => {
    const after = new Set(hidden);
    if (!after.delete(layer)) {
      after.add(layer);
    }
    setHidden(after);
  };
  const { masks, boxes, caption } = picture;
  const layers = [...masks, ...boxes];
  return (
    <figure className="jp-wm-Picture">
      <a href={url(picture.path)} target="_blank" rel="noreferrer">
        <span className="jp-wm-Picture-frame">
          <img
            src={url(picture.path)}
            alt={caption || name}
            loading="lazy"
            onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
              setSize({ width: naturalWidth, height: naturalHeight })
            }
          />
          {masks
            .filter(mask => !hidden.has(mask.path))
            .map((mask, index) => (
              <Mask key={mask.path} url={url(mask.path)} colour={runColour(index + 1)} />
            ))}
          {boxes
            .filter(box => !hidden.has(box.path))
            .map((box, index) => (
              <Boxes
                key={box.path}
                run={run}
                path={box.path}
                size={size}
                colour={runColour(masks.length + index + 1)}
              />
            ))}
        </span>
      </a>
      {caption !== '' && <figcaption>{caption}</figcaption>}
      {layers.map((layer, index) => (
        <label key={layer.path} className="jp-wm-Picture-layer">
          <input
            type="checkbox"
            checked={!hidden.has(layer.path)}
            onChange={() => toggle(layer.path)}
          />
          <span style={{ color: runColour(index + 1) }} aria-hidden="true">
            ■
          </span>{' '}
          {layer.name}
        </label>
      ))}
    </figure>
  );
}

/** Every class but 0 in one colour: the numbers of the classes are the pixels' values. */
function Mask({ url, colour }: { url: string; colour: string }): ReactElement {
  const [stencil, setStencil] = useState('');
  return (
    <>
      <img
        className="jp-wm-Picture-source"
        src={url}
        alt=""
        onLoad={event => setStencil(stencilOf(event.currentTarget))}
      />
      {stencil !== '' && (
        <span
          className="jp-wm-Picture-mask"
          style={{
            background: colour,
            maskImage: `url(${stencil})`,
            WebkitMaskImage: `url(${stencil})`
          }}
        />
      )}
    </>
  );
}

/** An image that is opaque where the mask has a class. */
function stencilOf(image: HTMLImageElement): string {
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext('2d');
  if (context === null || canvas.width === 0) {
    return '';
  }
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < pixels.data.length; at += 4) {
    pixels.data[at + 3] = pixels.data[at] > 0 ? 255 : 0;
  }
  context.putImageData(pixels, 0, 0);
  return canvas.toDataURL();
}

function Boxes({
  run,
  path,
  size,
  colour
}: {
  run: RunModel;
  path: string;
  size: { width: number; height: number };
  colour: string;
}): ReactElement {
  const text = useFileText(run, path);
  const boxes = typeof text === 'string' ? boxesOf(text, size) : [];
  const share = (value: number) => `${100 * value}%`;
  return (
    <>
      {boxes.map((box, index) => (
        <span
          key={index}
          className="jp-wm-Picture-box"
          style={{
            left: share(box.left),
            top: share(box.top),
            width: share(box.width),
            height: share(box.height),
            borderColor: colour
          }}
        >
          {box.label !== '' && <span style={{ borderColor: colour }}>{box.label}</span>}
        </span>
      ))}
    </>
  );
}
