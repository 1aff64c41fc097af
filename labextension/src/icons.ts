/** The extension's own icon; all others are JupyterLab's. */

import { LabIcon } from '@jupyterlab/ui-components';

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <circle cx="5" cy="17" r="2.2"/><circle cx="10" cy="11" r="2.2"/>
    <circle cx="15" cy="13.5" r="2.2"/><circle cx="20" cy="5.5" r="2.8"/>
  </g>
  <path class="jp-icon-stroke-none" fill="none" stroke="currentColor" stroke-opacity="0"/>
</svg>`;

export const sweepIcon = new LabIcon({ name: 'wandb-magic:sweep', svgstr: SVG });
