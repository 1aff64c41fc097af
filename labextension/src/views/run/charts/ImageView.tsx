/** An image with its caption, and its masks and bounding boxes. */

import { type ReactElement, useState } from 'react';

import { usePanelContext } from '../../../components/context';
import type { RunModel } from '../../../models/runModel';
import { useFileText } from '../useFileText';
import { layerId, parseBoxes, type IImage, type LayerColors } from './media';

export function ImageView({
  run,
  picture,
  name,
  colors
}: {
  run: RunModel;
  picture: IImage;
  name: string;
  colors: LayerColors;
}): ReactElement {
  const { model } = usePanelContext();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [size, setSize] = useState({ width: 1, height: 1 });
  const url = (path: string) => model.api.fileUrl(run.sweep.id, run.id, path);
  const toggle = (layer: string) => {
    const next = new Set(hidden);
    if (!next.delete(layer)) {
      next.add(layer);
    }
    setHidden(next);
  };
  const { masks, boxes, caption } = picture;
  const colorOf = (kind: 'mask' | 'boxes', layer: string) =>
    colors.get(layerId(kind, layer)) ?? '';
  const layers = [
    ...masks.map(mask => ({ ...mask, color: colorOf('mask', mask.name) })),
    ...boxes.map(box => ({ ...box, color: colorOf('boxes', box.name) }))
  ];
  return (
    <figure className="jp-wm-Image">
      <a href={url(picture.path)} target="_blank" rel="noreferrer">
        <span className="jp-wm-Image-frame">
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
            .map(mask => (
              <ImageMask key={mask.path} url={url(mask.path)} color={colorOf('mask', mask.name)} />
            ))}
          {boxes
            .filter(box => !hidden.has(box.path))
            .map(box => (
              <ImageBoxes
                key={box.path}
                run={run}
                path={box.path}
                size={size}
                color={colorOf('boxes', box.name)}
              />
            ))}
        </span>
      </a>
      {caption !== '' && <figcaption>{caption}</figcaption>}
      {layers.map(layer => (
        <label key={layer.path} className="jp-wm-Image-layer">
          <input
            type="checkbox"
            checked={!hidden.has(layer.path)}
            onChange={() => toggle(layer.path)}
          />
          <span style={{ color: layer.color }} aria-hidden="true">
            ■
          </span>{' '}
          {layer.name}
        </label>
      ))}
    </figure>
  );
}

/** Every class except 0 in one color: the mask's pixel values are class numbers. */
function ImageMask({ url, color }: { url: string; color: string }): ReactElement {
  const [stencil, setStencil] = useState('');
  return (
    <>
      <img
        className="jp-wm-Image-source"
        src={url}
        alt=""
        onLoad={event => setStencil(maskToStencil(event.currentTarget))}
      />
      {stencil !== '' && (
        <span
          className="jp-wm-Image-mask"
          style={{
            background: color,
            maskImage: `url(${stencil})`,
            WebkitMaskImage: `url(${stencil})`
          }}
        />
      )}
    </>
  );
}

/** Return an image that is opaque where the mask has a class. */
function maskToStencil(image: HTMLImageElement): string {
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext('2d');
  if (context === null || canvas.width === 0) {
    return '';
  }
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let offset = 0; offset < pixels.data.length; offset += 4) {
    pixels.data[offset + 3] = pixels.data[offset] > 0 ? 255 : 0;
  }
  context.putImageData(pixels, 0, 0);
  return canvas.toDataURL();
}

function ImageBoxes({
  run,
  path,
  size,
  color
}: {
  run: RunModel;
  path: string;
  size: { width: number; height: number };
  color: string;
}): ReactElement {
  const text = useFileText(run, path);
  const boxes = typeof text === 'string' ? parseBoxes(text, size) : [];
  const percent = (value: number) => `${100 * value}%`;
  return (
    <>
      {boxes.map((box, index) => (
        <span
          key={index}
          className="jp-wm-Image-box"
          style={{
            left: percent(box.left),
            top: percent(box.top),
            width: percent(box.width),
            height: percent(box.height),
            borderColor: color
          }}
        >
          {box.label !== '' && <span style={{ borderColor: color }}>{box.label}</span>}
        </span>
      ))}
    </>
  );
}
