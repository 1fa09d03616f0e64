import { render } from 'preact';
import { Session } from './account/session.ts';
import { Connection } from './live/connection.ts';
import { App } from './page/app.tsx';
import { language } from './page/locale.ts';
import { useScheme } from './page/palette.ts';
import { keptScheme } from './page/scheme.ts';

document.documentElement.lang = language;
useScheme(keptScheme());
const session = new Session();
const connection = new Connection();
if (session.isResuming.value) void session.resume();
render(<App session={session} connection={connection} />, document.body);
