// Holders, figures, the advice and settings.
import { count, duration, element, say } from './words.js';

const holders = document.getElementById('holders');
const nobody = document.getElementById('no-holders');
const stacks = document.getElementById('stacks');
const figures = document.getElementById('figures');
const error = document.getElementById('connect-error');
const advice = document.getElementById('advice');
const adviceAge = document.getElementById('advice-age');
const settings = document.getElementById('settings');
const changed = document.getElementById('changed');
const MOST_HOLDERS = 200;

let poolId = '';
let known = [];

export function drawHolders(pool) {
  poolId = pool.id;
  const held = pool.slots.filter(slot => slot.holder !== null)
    .sort((a, b) => b.ms - a.ms || a.connection - b.connection).slice(0, MOST_HOLDERS);
  while (holders.children.length > held.length) holders.lastChild.remove();
  while (holders.children.length < held.length) {
    const row = element('tr');
    for (const name of ['n', '', 'n', 'n']) row.append(element('td', '', name));
    holders.append(row);
  }
  held.forEach((slot, i) => {
    const row = holders.children[i];
    row.className = slot.ms >= (pool.leakMs || 10000) ? 'long' : '';
    say(row.children[0], slot.ms < 100 ? '< 0.1 s' : duration(slot.ms));
    say(row.children[1], slot.holder);
    say(row.children[2], String(slot.connection));
    say(row.children[3], count(slot.queries));
  });
  nobody.hidden = held.length > 0;
}

document.getElementById('where').addEventListener('click', async () => {
  const answer = await fetch('holders?pool=' + encodeURIComponent(poolId)).catch(() => null);
  if (!answer || !answer.ok) {
    stacks.replaceChildren(element('p', 'The console does not answer.', 'error'));
    return;
  }
  const all = await answer.json();
  stacks.replaceChildren(...(all.length === 0 ? [element('p', 'Nobody has a connection.', 'detail')] : all.flatMap(holder => [
    element('h3', 'Connection ' + holder.connection + ', ' + holder.thread + ', for ' + duration(holder.ms)),
    element('pre', holder.where.length ? holder.where.join('\n') : 'It cannot be told.'),
    ...(holder.acquiredAt.length ? [element('h3', 'Where it acquired it'), element('pre', holder.acquiredAt.join('\n'))] : []),
  ])));
});

export function forget() {
  stacks.replaceChildren();
}

export function drawFigures(pool) {
  const all = [['opened', pool.opened]];
  for (const reason in pool.closed) all.push(['closed: ' + reason, pool.closed[reason]]);
  all.push(['connects failed', pool.connectFailures], ['waited in vain', pool.acquireTimeouts], ['units run again', pool.retries]);
  const names = all.map(each => each[0]).join();
  if (figures.dataset.names !== names) {
    figures.dataset.names = names;
    figures.replaceChildren(...all.map(([name]) => {
      const one = element('div');
      one.append(element('dt', name), element('dd'));
      return one;
    }));
  }
  all.forEach(([, value], i) => say(figures.children[i].lastChild, count(value)));
  error.hidden = pool.lastConnectError === null;
  say(error, pool.lastConnectError === null ? '' : 'Last connect error: ' + pool.lastConnectError);
}

/** The sentence itself comes seldom, its age grows. */
export function drawAdvice(now, told) {
  if (told) {
    const colon = told.text.indexOf(': ');
    const end = told.kind === 'unknown' || colon < 0 ? 0 : colon;
    advice.className = told.kind;
    say(advice.firstChild, told.text.slice(0, end));
    say(advice.lastChild, told.text.slice(end));
    advice.dataset.at = told.at;
  }
  const age = now - Number(advice.dataset.at);
  say(adviceAge, age < 10000 ? 'asked just now' : 'asked ' + duration(age) + ' ago');
}

export function drawSettings(all) {
  if (all) known = all;
  settings.replaceChildren(...known.filter(one => one.changed || !changed.checked).map(one => {
    const row = element('tr');
    row.append(element('td', one.key), element('td', one.value), element('td', one.meaning));
    return row;
  }));
}

changed.addEventListener('change', () => drawSettings());
