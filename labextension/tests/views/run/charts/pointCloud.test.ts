import { describe, expect, it } from 'vitest';

import { runColor } from '../../../../src/colors';
import { parsePointCloud, project } from '../../../../src/views/run/charts/pointCloud';

const cloud = (value: unknown) => parsePointCloud(JSON.stringify(value));

describe('a point cloud', () => {
  it('has plain points, categories, or colors', () => {
    expect(
      cloud([
        [0, 0, 0],
        [2, 0, 0]
      ])?.colors
    ).toEqual(['', '']);
    expect(cloud([[0, 0, 0, 3]])?.colors).toEqual([runColor(3)]);
    expect(cloud([[0, 0, 0, 255, 0, 127.6]])?.colors).toEqual(['rgb(255, 0, 128)']);
    expect(cloud([[0, 0, 0, 300, 0, 0]])?.colors).toEqual(['']);
  });

  it('is moved around the origin, into the unit sphere', () => {
    const positions =
      cloud([
        [10, 10, 10],
        [14, 10, 10],
        [12, 12, 12]
      ])?.positions ?? [];
    for (let index = 0; index < positions.length; index += 3) {
      expect(Math.hypot(...positions.slice(index, index + 3))).toBeLessThanOrEqual(1.001);
    }
    expect([...positions.slice(0, 1)][0]).toBeLessThan(0);
    expect([...(cloud([[7, 7, 7]])?.positions ?? [])]).toEqual([0, 0, 0]);
  });

  it('has the boxes of a scene', () => {
    // The order of W&B's documentation.
    const corners = [0, 2, 4, 1, 3, 6, 5, 7].map(bits => [bits & 1, (bits >> 1) & 1, bits >> 2]);
    const scene = cloud({
      type: 'lidar/beta',
      points: [[0, 0, 0]],
      boxes: [{ corners, label: 'car', color: [1, 2, 3] }, { corners: [] }, 'no']
    });
    expect(scene?.segments).toHaveLength(12);
    for (const { from, to, color } of scene?.segments ?? []) {
      const differing = from.filter((value, axis) => Math.abs(value - to[axis]) > 1e-6);
      expect(differing).toHaveLength(1); // an edge, not a diagonal
      expect(color).toBe('rgb(1, 2, 3)');
    }
  });

  it('leaves out what is no point', () => {
    expect(cloud([[0, 0], [0, null, 1], 'no', [1, 2, 3]])?.colors).toHaveLength(1);
    for (const value of [[], {}, 3, null, { points: 'no' }, [[1, 2]]]) {
      expect(cloud(value)).toBeNull();
    }
    expect(parsePointCloud('{')).toBeNull();
  });
});

it('a projection turns around the vertical axis, then tilts', () => {
  const front = { yaw: 0, pitch: 0, zoom: 1 };
  const close = (vector: readonly number[], expected: number[]) =>
    vector.forEach((value, axis) => expect(value).toBeCloseTo(expected[axis]));
  close(project([1, 0, 0], front), [1, 0, 0]);
  close(project([0, 0, 1], front), [0, -1, 0]);
  close(project([0, 1, 0], { ...front, yaw: Math.PI / 2 }), [1, 0, 0]);
  close(project([0, 0, 1], { ...front, pitch: Math.PI / 2 }), [0, 0, 1]);
  close(project([0.5, 0, 0], { ...front, zoom: 2 }), [1, 0, 0]);
});
