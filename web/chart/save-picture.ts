import { colour } from '../page/palette.ts';

/** The picture of a chart on an opaque background. */
function opaque(canvas: HTMLCanvasElement): HTMLCanvasElement {
  const copy = document.createElement('canvas');
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext('2d');
  if (context === null) return canvas;
  context.fillStyle = colour('card');
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(canvas, 0, 0);
  return copy;
}

/** Downloads a chart as PNG; does nothing if nothing is drawn yet. */
export function savePicture(chart: HTMLElement, name: string): void {
  const canvas = chart.querySelector('canvas');
  if (canvas === null) return;
  opaque(canvas).toBlob((blob) => {
    if (blob === null) return;
    const link = document.createElement('a');
    link.href = URL.createObjectURL(blob);
    link.download = `${name.replaceAll(/[^\p{L}\p{N}]+/gu, '-')}.png`;
    link.click();
    URL.revokeObjectURL(link.href);
  }, 'image/png');
}
