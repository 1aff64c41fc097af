(() => {
  'use strict';
  const { figures, config } = JSON.parse(document.getElementById('figures').textContent);
  const dark = window.matchMedia('(prefers-color-scheme: dark)');

  /** On a dark page, what is better is brighter. */
  const turned = trace => {
    for (const held of [trace, trace.line, trace.marker]) {
      if (held && held.colorscale !== undefined) {
        held.reversescale = !held.reversescale;
      }
    }
  };

  /** Where the browser cannot draw a plot, the picture of it is shown. */
  const picture = place => {
    const fallback = place.parentElement.querySelector('noscript');
    place.parentElement.innerHTML = fallback.textContent;
  };

  const draw = place => {
    const { data, layout } = JSON.parse(JSON.stringify(figures[place.dataset.figure]));
    if (dark.matches) {
      data.forEach(turned);
    }
    Object.assign(layout, { paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)' });
    layout.font = { ...layout.font, color: dark.matches ? '#e6edf3' : '#1f2328' };
    layout.modebar = { bgcolor: 'rgba(0,0,0,0)', color: '#8f8f8f', activecolor: layout.font.color };
    Plotly.react(place, data, layout, { ...config, responsive: true }).then(() => {
      if (place.querySelector('.no-webgl') !== null) {
        picture(place);
      }
    });
  };

  const drawAll = () => {
    for (const place of document.querySelectorAll('.chart')) {
      draw(place);
    }
  };

  /** What is no number comes last, whichever way. */
  const compare = (one, other, falling) => {
    const [a, b] = [one.dataset.v, other.dataset.v];
    if (a !== undefined && b !== undefined) {
      return falling ? b - a : a - b;
    }
    if (a !== undefined || b !== undefined) {
      return a === undefined ? 1 : -1;
    }
    const [left, right] = [one.textContent, other.textContent];
    if (left === '' || right === '') {
      return left === right ? 0 : left === '' ? 1 : -1;
    }
    return falling ? right.localeCompare(left) : left.localeCompare(right);
  };

  for (const table of document.querySelectorAll('table.sorted')) {
    table.querySelectorAll('thead button').forEach((button, column) => {
      button.addEventListener('click', () => {
        const head = button.parentElement;
        const falling = head.getAttribute('aria-sort') === 'ascending';
        table.querySelectorAll('th[aria-sort]').forEach(each => each.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', falling ? 'descending' : 'ascending');
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => compare(a.cells[column], b.cells[column], falling));
        table.tBodies[0].append(...rows);
      });
    });
  }

  drawAll();
  dark.addEventListener('change', drawAll);
})();
