import { text } from '../text/text.ts';
import { savePicture } from './save-picture.ts';

/** Saves a chart as a picture. */
export function PictureButton({ chart, name }: { chart: string; name: string }) {
  return (
    <button
      type="button"
      name="picture"
      class="icon"
      aria-label={text('savePicture', { name })}
      title={text('savePicture', { name })}
      onClick={() => {
        const node = document.getElementById(chart);
        if (node !== null) savePicture(node, name);
      }}
    >
      <span aria-hidden="true">⤓</span>
    </button>
  );
}
