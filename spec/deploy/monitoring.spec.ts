import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { startApp } from '../support/app.ts';
import { seriesOf } from '../support/scrape.ts';

const FOLDER = join(PACKAGE_ROOT, 'deploy');
const read = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');
const promtool = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'promtool'))
  .find((path) => existsSync(path));

/** Of Prometheus itself. */
const NOT_OURS = new Set(['up']);
const NAME = /\b(?:marktide|process|nodejs)_[a-z0-9_]+\b|\bup\b/g;

function namesIn(expressions: readonly string[]): string[] {
  return [...new Set(expressions.flatMap((expression) => expression.match(NAME) ?? []))].sort();
}

interface Panel {
  title: string;
  type: string;
  targets?: { expr: string }[];
}

describe('the files for Prometheus and Grafana', () => {
  const rules = (
    parse(read('alerts.yml')) as { groups: { rules: { alert: string; expr: string }[] }[] }
  ).groups.flatMap((group) => group.rules);
  const dashboard = JSON.parse(read('grafana-dashboard.json')) as { uid: string; panels: Panel[] };
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');

  it('ask for metrics that a node has', async () => {
    const app = await startApp({ env: { PUBLIC_METRICS: 'true' } });
    try {
      const { body } = await app.call('GET', '/metrics');
      const text = String(body);
      const known = new Set([...seriesOf(text).keys()].map((series) => series.replace(/\{.*/, '')));
      // A histogram that has not been observed with any labels yet has no series, but is declared.
      for (const [, name = ''] of text.matchAll(/^# TYPE (\S+) histogram$/gm))
        for (const suffix of ['bucket', 'count', 'sum']) known.add(`${name}_${suffix}`);
      for (const [, name = ''] of text.matchAll(/^# TYPE (\S+) /gm)) known.add(name);
      const asked = namesIn([
        ...rules.map(({ expr }) => expr),
        ...panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
      ]).filter((name) => !NOT_OURS.has(name));
      assert.ok(asked.length > 15, `${asked.length}`);
      assert.deepEqual(
        asked.filter((name) => !known.has(name)),
        [],
      );
    } finally {
      await app.close();
    }
  });

  it('name nothing twice, and have a question in each panel', () => {
    const alerts = rules.map(({ alert }) => alert);
    assert.equal(new Set(alerts).size, alerts.length);
    const titles = panels.map(({ title }) => title);
    assert.equal(new Set(titles).size, titles.length);
    for (const { title, targets = [] } of panels) assert.ok(targets.length > 0, title);
  });

  (promtool === undefined ? describe.skip : describe)('as promtool sees them', () => {
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'marktide-prometheus-'));
      cpSync(FOLDER, folder, { recursive: true });
    });
    after(() => rm(folder, { recursive: true, force: true }));

    function check(...args: string[]): string {
      const { status, stdout, stderr } = spawnSync(promtool ?? '', args, { cwd: folder, encoding: 'utf8' });
      assert.equal(status, 0, stdout + stderr);
      return stdout;
    }

    it('load: rules and the scrape configuration', () => {
      assert.match(check('check', 'rules', 'alerts.yml'), new RegExp(`SUCCESS: ${rules.length} rules found`));
      writeFileSync(join(folder, 'metrics-token'), 'a token of the test');
      check('check', 'config', 'prometheus.yml');
    });

    it('hold questions that can be parsed, in each panel', () => {
      const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
      const group = {
        name: 'panels',
        rules: expressions.map((expr, index) => ({
          record: `panel:${index}`,
          expr: expr.replaceAll('$__rate_interval', '1m'),
        })),
      };
      // JSON is YAML.
      writeFileSync(join(folder, 'panels.yml'), JSON.stringify({ groups: [group] }));
      assert.match(check('check', 'rules', 'panels.yml'), new RegExp(`${expressions.length} rules found`));
    });

    it('alert when they should, and not before', () => {
      writeFileSync(join(folder, 'cases.yml'), JSON.stringify(CASES));
      check('test', 'rules', 'cases.yml');
    });
  });
});

const series = (name: string, values: string): object => ({ series: name, values });
const alerts = (alertname: string, at: string, expected: object[] = []): object => ({
  alertname,
  eval_time: at,
  exp_alerts: expected,
});
const REQUESTS = 'marktide_http_request_duration_seconds_count{instance="a",route="/v1/portfolios"';

/** For `promtool test rules`, in steps of 15 seconds. */
const CASES = {
  rule_files: ['alerts.yml'],
  evaluation_interval: '15s',
  tests: [
    {
      interval: '15s',
      input_series: [
        series('up{job="marktide",instance="a"}', '1x8 0x40'),
        series('up{job="marktide",instance="b"}', '1x60'),
        series('marktide_database_ready{instance="b"}', '1x8 0x4 1x40'),
        series('marktide_leases_held{instance="b",kind="feed"}', '1x8 0x40'),
        series('marktide_feed_state{instance="b",feed="ccxt:upbit",state="retrying"}', '0x8 1x4 0x8 1x40'),
        series('marktide_feed_state{instance="b",feed="ccxt:upbit",state="running"}', '1x8 0x4 1x8 0x40'),
        series(`${REQUESTS},status="200"}`, '0+95x60'),
        series(`${REQUESTS},status="503"}`, '0x8 5+5x60'),
      ],
      alert_rule_test: [
        alerts('MarktideNodeDown', '2m30s'),
        alerts('MarktideNodeDown', '4m', [
          {
            exp_labels: { severity: 'warning', job: 'marktide', instance: 'a' },
            exp_annotations: {
              summary: 'a does not answer',
              description: 'The other nodes serve its clients. With none left the service is down.',
            },
          },
        ]),
        alerts('MarktideDown', '10m'),
        alerts('MarktideDatabaseAway', '2m15s'),
        alerts('MarktideDatabaseAway', '5m'),
        alerts('MarktideNoFeed', '2m30s'),
        alerts('MarktideNoFeed', '4m', [
          {
            exp_labels: { severity: 'critical' },
            exp_annotations: {
              summary: 'No node runs the market feed',
              description: 'With MARKET_FEED=none everywhere this is as meant.',
            },
          },
        ]),
        alerts('MarktideNoPrices', '3m30s'),
        alerts('MarktideNoPrices', '9m', [
          {
            exp_labels: { severity: 'critical', instance: 'b', feed: 'ccxt:upbit', state: 'retrying' },
            exp_annotations: {
              summary: 'The feed ccxt:upbit of b is retrying',
              description: 'Prices are not current. `feeds` of /readyz says why.',
            },
          },
        ]),
        alerts('MarktideErrors', '2m'),
        alerts('MarktideErrors', '14m', [
          {
            exp_labels: { severity: 'warning', instance: 'a' },
            exp_annotations: { summary: 'a fails 5% of its requests' },
          },
        ]),
      ],
    },
  ],
};
