// Gets what is new, and has it drawn.
import { drawWaits, forget as forgetWaits } from './chart.js';
import { drawOperate } from './operate.js';
import { drawAdvice, drawFigures, drawHolders, drawSettings, forget as forgetStacks } from './tables.js';
import { drawSlots } from './tiles.js';
import { forget as forgetNews, tell } from './timeline.js';
import { duration, element, say } from './words.js';

const choice = document.getElementById('pool');
const status = document.getElementById('status');
const link = document.getElementById('link');
const main = document.getElementById('main');
const none = document.getElementById('none');
const again = document.getElementById('again');
const spoken = document.getElementById('spoken');
const GONE = 'let go, for so many pages are open; what you see is old';
const AGAIN = 5000;
const SILENT = 4000;

let source = null;
let heard = 0;
let wanted = '';

function wantedPool() {
  return new URLSearchParams(location.hash.slice(1)).get('pool') || '';
}

function connect() {
  if (source) source.close();
  again.hidden = true;
  wanted = wantedPool();
  source = new EventSource('events' + (wanted ? '?pool=' + encodeURIComponent(wanted) : ''));
  source.onmessage = event => {
    heard = Date.now();
    const told = JSON.parse(event.data);
    if (told.full) giveWay();
    else show(told);
  };
  const mine = source;
  source.onerror = () => {
    if (mine.readyState === EventSource.CLOSED) setTimeout(() => { if (mine === source) connect(); }, AGAIN);
  };
}

/** A browser has six connections to a place, and pages that nobody looks at need none of them. */
function rest() {
  if (source) source.close();
  source = null;
  document.title = document.title.replace('\u25A0 ', ''); // which may be old by now
}

/** Another page has taken this one's place; to take it back by itself would go on for ever. */
function giveWay() {
  source.close();
  again.hidden = false;
  spoken.append(element('p', GONE));
  drawLink();
}

function drawLink() {
  if (!again.hidden) {
    link.className = 'link off';
    say(link, GONE);
    return;
  }
  const silent = Date.now() - heard;
  const off = silent > SILENT;
  link.className = off ? 'link off' : 'link';
  say(link, !off ? 'live' : heard === 0 ? 'no answer yet' : 'nothing heard for ' + duration(silent) + '; what you see is old');
}

/** Where neither has changed whoever is choosing just now is left alone. */
function drawChoice(pools, shown) {
  const listed = pools.join('\n');
  const changed = choice.dataset.pools !== listed || choice.dataset.shown !== shown;
  if (choice.dataset.pools !== listed) choice.replaceChildren(...pools.map(id => element('option', id)));
  choice.dataset.pools = listed;
  choice.dataset.shown = shown;
  if (choice.value !== shown && (changed || document.activeElement !== choice)) choice.value = shown;
}

function drawStatus(pool) {
  const [kind, word] = pool.state !== 'open' ? ['warn', pool.state]
    : pool.down ? ['bad', 'server unreachable']
    : pool.suspended ? ['warn', 'suspended']
    : pool.asleep ? ['', 'asleep']
    : pool.lastConnectError !== null ? ['warn', 'last connect failed'] : ['', 'open'];
  status.className = 'status ' + kind;
  const shape = { bad: '\u25A0 ', warn: '\u25B2 ' }[kind] || '\u25CF ';
  say(status, shape + word);
}

function show(told) {
  drawLink();
  const pool = told.pool;
  main.hidden = !pool;
  none.hidden = !!pool;
  status.hidden = !pool;
  drawChoice(told.pools, pool ? pool.id : '');
  say(none, wanted && told.pools.length ? 'Pool ' + wanted + ' is not open here. Choose another, or wait for it.' : 'No pool is open here.');
  if (!pool) return;
  document.title = (pool.down ? '\u25A0 ' : '') + pool.id + ' \u2013 Everpool';
  if (told.all) {
    forgetWaits();
    forgetNews();
    forgetStacks();
    drawSettings(told.settings);
  }
  drawStatus(pool);
  drawSlots(pool);
  tell(told.news, !told.all);
  drawWaits(told.now, told.waits);
  drawHolders(pool);
  drawFigures(pool);
  drawAdvice(told.now, told.advice);
  drawOperate(pool, told.readOnly);
}

choice.addEventListener('change', () => { location.hash = new URLSearchParams({ pool: choice.value }); });
window.addEventListener('hashchange', () => { if (wantedPool() !== wanted && !document.hidden) connect(); });
document.addEventListener('visibilitychange', () => {
  if (document.hidden) rest();
  else if (again.hidden) connect();
});
again.addEventListener('click', () => {
  connect();
  drawLink();
  choice.focus(); // the button is gone
});
setInterval(drawLink, 1000);
if (!document.hidden) connect();
