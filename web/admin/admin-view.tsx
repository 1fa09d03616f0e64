import { hrefOf, place } from '../page/route.ts';
import type { Signed } from '../account/session.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { text } from '../text/text.ts';
import { AuditCard } from './audit-card.tsx';
import { FeedsCard } from './feeds-card.tsx';
import { JobsCard } from './jobs-card.tsx';
import { LimitsCard } from './limits-card.tsx';
import { StatusCard } from './status-card.tsx';
import { StreamsCard } from './streams-card.tsx';
import { UserForm } from './user-form.tsx';
import { UsersCard } from './users-card.tsx';

const SECTIONS = ['status', 'users', 'audit', 'streams', 'limits', 'jobs'] as const;
type Section = (typeof SECTIONS)[number];

function sectionOf(name: string): Section {
  return SECTIONS.find((section) => section === name) ?? 'status';
}

interface Props {
  dashboard: Dashboard;
  user: Signed;
}

function Shown({ section, dashboard, user }: Props & { section: Section }) {
  const { api } = dashboard.client;
  const { changes, connection } = dashboard;
  const face = connection.face.value;
  const common = { api, face, changes };
  switch (section) {
    case 'users':
      return (
        <>
          <UsersCard {...common} self={user.id} />
          <UserForm api={api} onCreate={() => (changes.value += 1)} />
        </>
      );
    case 'audit':
      return <AuditCard {...common} />;
    case 'streams':
      return <StreamsCard {...common} />;
    case 'limits':
      return <LimitsCard {...common} />;
    case 'jobs':
      return <JobsCard {...common} />;
    default:
      return (
        <>
          <StatusCard {...common} />
          <FeedsCard {...common} />
        </>
      );
  }
}

/** What administrators see of the server. */
export function AdminView({ dashboard, user }: Props) {
  const at = place.value;
  const section = sectionOf(at.view === 'admin' ? at.section : '');
  if (user.role !== 'admin') return <p class="message">{text('admin.only')}</p>;
  return (
    <div class="dashboard" id="admin">
      <nav class="tabs" aria-label={text('admin')}>
        {SECTIONS.map((each) => (
          <a
            key={each}
            href={hrefOf({ view: 'admin', section: each === 'status' ? '' : each })}
            aria-current={each === section ? 'page' : undefined}
          >
            {text(`admin.${each}`)}
          </a>
        ))}
      </nav>
      <Shown key={section} section={section} dashboard={dashboard} user={user} />
    </div>
  );
}
