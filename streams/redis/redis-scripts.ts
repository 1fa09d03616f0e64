import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/**
 * The Lua side of a log. Its keys share a hash tag: `meta` (hash: epoch, head, first, bytes, run, past, fence,
 * sequence, state, generation), `ring` (stream, entry id `<offset>-0`), `state` (hash: key → `offset:at:data`). Needs Redis 7 or a
 * work-alike.
 *
 * `run` is the server's run id. A server that has restarted, or another one after a failover, may have lost the log's
 * newest events and would hand out their offsets a second time. So the first script to meet a new run id starts a new
 * epoch, before any offset is given, and notes in `past` where the old one ended: a position of the old epoch up to
 * that end is still good, one beyond it was lost. A restart that lost nothing thus costs no reader its place.
 *
 * A log of an earlier generation than the caller's starts over, but for its fence. One that was made before there were
 * generations takes the caller's.
 *
 * A server short of memory may evict any of the keys. Without `meta` the log starts over. Without `ring` what it held is
 * expired. Without `state`, which `meta` knows to have been there, no reader could get the current state: a new epoch
 * resets them all, and writers that know some of the state publish it again.
 *
 * `string.format('%.0f')` because Lua's own conversion writes 1e+15.
 */
const OPEN = `
local META, RING, STATE = KEYS[1], KEYS[2], KEYS[3]
local run, fresh, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local max_events, max_bytes, max_age = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local generation = tonumber(ARGV[7])
local function int(n) return string.format('%.0f', n) end
local m = redis.call('HMGET', META, 'epoch', 'head', 'first', 'bytes', 'run', 'past', 'fence', 'sequence', 'state',
  'generation')
local epoch, past, fence, sequence, stated = m[1], m[6] or '', m[7], m[8] or '', m[9] or ''
local head, first, bytes = tonumber(m[2] or 0), tonumber(m[3] or 1), tonumber(m[4] or 0)
local changed, renewed, evicted = false, false, nil
local known = tonumber(m[10] or generation)
local outdated = epoch and known > generation

local function open()
  if not epoch or known < generation then
    redis.call('DEL', RING, STATE)
    epoch, past, head, first, bytes, changed, renewed = fresh, '', 0, 1, 0, true, true
    sequence, stated = '', ''
    return
  end
  generation = known
  changed = not m[10]
  if first <= head and redis.call('EXISTS', RING) == 0 then
    first, bytes, changed, evicted = head + 1, 0, true, 'ring'
  end
  local has_state = redis.call('EXISTS', STATE) == 1 and '1' or ''
  if stated == '1' and has_state == '' then
    epoch, past, changed, renewed, evicted = fresh, '', true, true, 'state'
  elseif run ~= '' and m[5] ~= run then
    local older, kept = '', 0
    for entry in string.gmatch(past, '%S+') do
      if kept < 7 then older = older .. ' ' .. entry; kept = kept + 1 end
    end
    past = epoch .. ':' .. int(head) .. older
    epoch, changed, renewed = fresh, true, true
  end
  if stated ~= has_state then stated, changed = has_state, true end
end

local function trim(added)
  -- Usually one entry is enough to see that nothing is too old; a long way to go is left to later calls.
  local want, rounds = 1, 0
  if head - first + 1 > max_events then want = math.min(512, head - first + 2 - max_events)
  elseif bytes > max_bytes then want = math.min(512, added + 1) end
  while first <= head and rounds < 100 do
    rounds = rounds + 1
    local page = redis.call('XRANGE', RING, '-', '+', 'COUNT', want)
    if #page == 0 then first, bytes, changed = head + 1, 0, true; return end
    local from = tonumber(string.match(page[1][1], '^%d+'))
    if from ~= first then first, changed = from, true end
    local before, full = first, false
    for _, entry in ipairs(page) do
      local f = entry[2]
      if head - first + 1 <= max_events and bytes <= max_bytes and tonumber(f[2]) >= now - max_age then
        full = true
        break
      end
      bytes = math.max(0, bytes - #f[4] - #f[6])
      first = tonumber(string.match(entry[1], '^%d+')) + 1
    end
    if first > before then
      redis.call('XTRIM', RING, 'MINID', int(first) .. '-0')
      changed = true
    end
    if full then return end
    want = 512
  end
  if first > head and bytes ~= 0 then bytes, changed = 0, true end
end

local function save()
  if changed then
    redis.call('HSET', META, 'epoch', epoch, 'head', int(head), 'first', int(first), 'bytes', int(bytes),
      'run', run, 'past', past, 'sequence', sequence, 'state', stated, 'generation', int(generation))
  end
  for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], max_age) end
end

-- For a script that only reads: what it would tidy up can wait while the server refuses writes, but not a new epoch.
local function tidy(step)
  local ok, err = pcall(function() step() save() end)
  if renewed and not ok then error(err) end
end

-- The last item of a reply names the key that was found to be evicted, if one was.
local function reply(items)
  if evicted then items[#items + 1] = 'evicted ' .. evicted end
  return items
end
`;

/**
 * ARGV 8 fence or '', 9 channel, 10 and 11 where the batch begins and ends in the sequence, or '', then key and data of
 * each event. The sequence is saved together with the head: a script that fails on the way has moved neither.
 */
const PUBLISH = `${OPEN}
local token = ARGV[8]
if outdated then return {'outdated'} end
if token ~= '' and fence and tonumber(token) < tonumber(fence) then return {'fenced'} end
open()
local after, last = ARGV[10], ARGV[11]
if last ~= '' then
  if sequence ~= after and not (sequence == '' and after == '0') then
    save()
    if sequence ~= '' and tonumber(sequence) >= tonumber(last) then return reply({'known', epoch, int(head)}) end
    return reply({'gap', epoch, int(head), sequence})
  end
  sequence = last
end
changed = true
if token ~= '' then redis.call('HSET', META, 'fence', token) end
local lengths, texts = {epoch, int(head + 1), ARGV[3]}, {}
local newest, keys = {}, {}
for i = 12, #ARGV, 2 do
  local key, data = ARGV[i], ARGV[i + 1]
  head = head + 1
  local added = redis.pcall('XADD', RING, int(head) .. '-0', 't', ARGV[3], 'k', key, 'd', data)
  if added.err then
    -- The stream is ahead of the head: somebody put the keys back from different times. Only the head counts.
    if not string.find(added.err, 'equal or smaller', 1, true) then return added end
    redis.call('DEL', RING)
    first, bytes = head, 0
    redis.call('XADD', RING, int(head) .. '-0', 't', ARGV[3], 'k', key, 'd', data)
  end
  bytes = bytes + #key + #data
  if key ~= '' then
    if not newest[key] then keys[#keys + 1] = key end
    newest[key] = int(head) .. ':' .. ARGV[3] .. ':' .. data
  end
  lengths[#lengths + 1] = #key
  lengths[#lengths + 1] = #data
  texts[#texts + 1] = key
  texts[#texts + 1] = data
end
for _, key in ipairs(keys) do redis.call('HSET', STATE, key, newest[key]) end
if #keys > 0 then stated = '1' end
local surplus = redis.call('HLEN', STATE) - 10000
while surplus > 0 do
  -- The oldest of a few random ones: exact order is not worth an index.
  local sample, oldest, at = redis.call('HRANDFIELD', STATE, 16, 'WITHVALUES'), nil, nil
  for i = 1, #sample, 2 do
    local offset = tonumber(string.match(sample[i + 1], '^%d+'))
    if not at or offset < at then oldest, at = sample[i], offset end
  end
  redis.call('HDEL', STATE, oldest)
  surplus = surplus - 1
end
trim((#ARGV - 11) / 2)
save()
if #texts > 0 then
  redis.call('PUBLISH', ARGV[9], table.concat(lengths, ' ') .. '\\n' .. table.concat(texts))
end
return reply({'ok', epoch, int(head)})
`;

/** ARGV 8 epoch and 9 offset of the position, 10 limit, 11 '1' to make a missing log. */
const READ = `${OPEN}
if not epoch and ARGV[11] ~= '1' then return {'epoch', '', '0', {}} end
open()
tidy(function() trim(1) end)
local after, status = tonumber(ARGV[9]), 'epoch'
if ARGV[8] == epoch then
  status = after > head and 'ahead' or 'ok'
else
  for old, ended in string.gmatch(past, '([%w_%-]+):(%d+)') do
    if old == ARGV[8] and after <= tonumber(ended) then status = 'ok' end
  end
end
if status == 'ok' and after < first - 1 then status = 'expired' end
local page = {}
if status == 'ok' and after < head then
  page = redis.call('XRANGE', RING, int(after + 1) .. '-0', '+', 'COUNT', ARGV[10])
end
return reply({status, epoch, int(head), page})
`;

/** ARGV 8 '1' for the state's entries too. */
const HEAD = `${OPEN}
open()
tidy(function() end)
return reply({epoch, int(head), ARGV[8] == '1' and redis.call('HGETALL', STATE) or {}})
`;

/** Gives the log another epoch if it still has the one given (ARGV 8). ARGV 9 channel. */
const ROTATE = `${OPEN}
open()
if epoch == ARGV[8] then
  epoch, past, changed = fresh, '', true
  save()
  redis.call('PUBLISH', ARGV[9], epoch .. ' ' .. int(head + 1) .. ' ' .. ARGV[3] .. '\\n')
end
save()
return reply({epoch, int(head)})
`;

/** KEYS meta, ring, state of many logs. ARGV 1 run, then each log's age bound and generation. Keeps watched logs from expiring. */
const HEADS = `
local heads = {}
for i = 1, #KEYS / 3 do
  local base, age, generation = (i - 1) * 3, tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local m = redis.call('HMGET', KEYS[base + 1], 'epoch', 'head', 'run', 'generation')
  if m[1] and (ARGV[1] == '' or m[3] == ARGV[1]) and tonumber(m[4] or generation) >= generation then
    heads[i] = m[1] .. ' ' .. m[2]
    if redis.call('PTTL', KEYS[base + 1]) < age / 2 then
      for k = 1, 3 do redis.pcall('PEXPIRE', KEYS[base + k], age) end
    end
  else
    heads[i] = ''
  end
end
return heads
`;

/** KEYS lease, counter. ARGV token, lease in ms, life of the counter in ms. Fences grow even when Redis lost the counter: time is their floor. */
const ACQUIRE = `
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
local time = redis.call('TIME')
local ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local fence = string.format('%.0f', math.max(tonumber(redis.call('GET', KEYS[2]) or 0) + 1, ms))
redis.call('SET', KEYS[2], fence, 'PX', ARGV[3])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return fence
`;

/** KEYS lease. ARGV token, lease in ms. */
const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`;

export interface Script {
  source: string;
  sha: string;
}

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

export const SCRIPTS = {
  publish: script(PUBLISH),
  read: script(READ),
  head: script(HEAD),
  rotate: script(ROTATE),
  heads: script(HEADS),
  acquire: script(ACQUIRE),
  renew: script(RENEW),
  release: script(RELEASE),
} as const;

/** Runs a script by its digest; sends the source when the server does not know it (yet, or any more). */
export async function runScript(
  client: Redis,
  { sha, source }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  // One array, as spreading a large batch over the call stack could overflow it.
  const rest = [keys.length, ...keys, ...args];
  try {
    return await client.call('EVALSHA', [sha, ...rest]);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return client.call('EVAL', [source, ...rest]);
  }
}
