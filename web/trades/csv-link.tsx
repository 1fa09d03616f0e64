import { useRef } from 'preact/hooks';
import type { Api } from '../api.ts';
import { text } from '../text/text.ts';

/** A link cannot renew a session that has expired: a request that can goes before it. */
export function CsvLink({ url, api }: { url: string; api: Api }) {
  const link = useRef<HTMLAnchorElement>(null);
  const renewFirst = (event: MouseEvent): void => {
    if (!event.isTrusted) return;
    event.preventDefault();
    // Where that fails, the browser says so of the download.
    const download = (): void => link.current?.click();
    void api.me().then(download, download);
  };
  return (
    <a class="button" id="trades-csv" download href={url} ref={link} onClick={renewFirst}>
      {text('downloadCsv')}
    </a>
  );
}
