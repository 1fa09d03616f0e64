// Beside Swagger UI on its page: who logs in is authorised, and an event stream is seen while it is open. Swagger UI
// itself shows a response when it has ended, which a stream does not; so each stream it opens is shown here as it comes,
// and is handed on to Swagger UI, whole as far as it came, when the person ends it.
(() => {
  const STREAM = /^(?:text\/event-stream|application\/x-ndjson)/;
  const SHOWN = 50_000;
  const real = window.fetch.bind(window);

  function element(name, text = '', css = {}) {
    const made = document.createElement(name);
    made.textContent = text;
    Object.assign(made.style, css);
    return made;
  }

  /** A panel at the foot of the page that shows a stream and can end it. */
  function panelOf(url, end) {
    const panel = element('section', '', {
      position: 'fixed',
      inset: 'auto 0 0 0',
      zIndex: 10,
      maxHeight: '45vh',
      display: 'flex',
      flexDirection: 'column',
      background: '#1b1f24',
      color: '#e6edf3',
      font: '13px/1.5 ui-monospace, monospace',
      boxShadow: '0 -2px 12px #0008',
    });
    panel.id = 'open-stream';
    panel.setAttribute('aria-label', 'Open stream');
    const head = element('div', '', {
      display: 'flex',
      gap: '1em',
      alignItems: 'center',
      padding: '.6em 1em',
    });
    const state = element('span', 'open', { color: '#3fb950' });
    state.setAttribute('role', 'status');
    const button = element('button', 'End the stream', { font: 'inherit', padding: '.2em .8em' });
    button.addEventListener('click', end);
    const text = element('pre', '', {
      margin: '0',
      padding: '0 1em 1em',
      overflow: 'auto',
      whiteSpace: 'pre-wrap',
    });
    text.tabIndex = 0;
    head.append(
      element('strong', url.pathname + url.search, { flex: '1', overflowWrap: 'anywhere' }),
      state,
      button,
    );
    panel.append(head, text);
    document.body.append(panel);
    return {
      show(chunk) {
        const follows = text.scrollHeight - text.scrollTop - text.clientHeight < 40;
        text.textContent = (text.textContent + chunk).slice(-SHOWN);
        if (follows) text.scrollTop = text.scrollHeight;
      },
      close: () => panel.remove(),
    };
  }

  /** @returns a response that ends with the stream, or when the person has seen enough */
  function shown(response) {
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    const panel = panelOf(new URL(response.url), () => void reader.cancel());
    const body = new ReadableStream({
      async start(controller) {
        try {
          for (let next = await reader.read(); !next.done; next = await reader.read()) {
            controller.enqueue(next.value);
            panel.show(decoder.decode(next.value, { stream: true }));
          }
        } catch {
          // The connection was lost: what came is what there is.
        }
        panel.close();
        controller.close();
      },
    });
    return new Response(body, { status: response.status, headers: response.headers });
  }

  window.fetch = async (...request) => {
    const response = await real(...request);
    const { pathname } = new URL(response.url);
    if (response.ok && pathname.endsWith('/v1/auth/login')) {
      const { accessToken } = await response.clone().json();
      window.ui.preauthorizeApiKey('bearer', accessToken);
    }
    const isStream = STREAM.test(response.headers.get('content-type') ?? '');
    return isStream && response.body !== null ? shown(response) : response;
  };
})();
