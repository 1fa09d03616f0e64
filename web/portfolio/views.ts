/**
 * The views other than the dashboard, loaded together when the first one is shown: separately they would be
 * many small files.
 */
export { AccountView } from '../account/account-view.tsx';
export { AdminView } from '../admin/admin-view.tsx';
export { AssetView } from '../asset/asset-view.tsx';
export { CommandDialog } from '../commands/command-dialog.tsx';
export { ExplainView } from '../explain/explain-view.tsx';
export { LastKnownView } from '../offline/last-known-view.tsx';
export { OverviewView } from '../overview/overview-view.tsx';
