import { useRef } from 'preact/hooks';
import type { Api } from '../api.ts';
import { text } from '../text/text.ts';

/** A link cannot renew an expired session, so a request that can is sent first. */
export function CsvLink({ url, api }: { url: string; api: Api }) {
  const link = useRef<HTMLAnchorElement>(null);
  const renewFirst = (event: MouseEvent): void => {
    if (!event.isTrusted) return;
    event.preventDefault();
    // If the request fails, the browser reports the failed download.
    const download = (): void => link.current?.click();
    void api.me().then(download, download);
  };
  return (
    <a class="button" id="trades-csv" download href={url} ref={link} onClick={renewFirst}>
      {text('downloadCsv')}
    </a>
  );
}
