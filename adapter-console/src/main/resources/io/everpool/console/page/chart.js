// How long callers waited, second by second: p99 and median over a logarithmic scale, how many
// below, and above who waited in vain and what alarmed.
import { count, say, wait } from './words.js';

const svg = document.getElementById('chart');
const text = document.getElementById('chart-text');
const SPACE = 'http://www.w3.org/2000/svg';
const SECONDS = 300;
const LEFT = 52;
const RIGHT = 8;
const TOP = 18;
const BARS = 26;
const BOTTOM = 18;

let points = [];
let alarms = [];

export function forget() {
  points = [];
  alarms = [];
}

export function addAlarm(at) {
  alarms.push(at / 1000);
}

function put(name, attributes, content) {
  const made = document.createElementNS(SPACE, name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  if (content !== undefined) made.textContent = content;
  svg.append(made);
  return made;
}

/** Where the points are next to each other a line, and a dot where one is alone. */
function path(xs, ys) {
  let d = '';
  xs.forEach(([x, second], i) => {
    const joined = i > 0 && second - xs[i - 1][1] <= 2;
    d += (joined ? 'L' : 'M') + x.toFixed(1) + ' ' + ys[i].toFixed(1);
    const alone = !joined && (i + 1 === xs.length || xs[i + 1][1] - second > 2);
    if (alone) d += 'h.01';
  });
  return d;
}

function grid(scale, width) {
  for (let us = scale.least; us <= scale.most; us *= 10) {
    const y = scale.y(us);
    put('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: y, y2: y });
    put('text', { x: LEFT - 8, y: y + 4, 'text-anchor': 'end' }, us < 1000 ? us + ' \u00b5s' : us < 1000000 ? us / 1000 + ' ms' : us / 1000000 + ' s');
  }
}

function scaleOf(height) {
  const highest = Math.max(100000, ...points.map(point => point[3]));
  const most = Math.pow(10, Math.ceil(Math.log10(highest)));
  const least = 100;
  const low = height - BOTTOM - BARS - 6;
  const decades = Math.log10(most / least);
  return { least, most, y: us => low - (low - TOP) * Math.log10(Math.max(us, least) / least) / decades };
}

/** As many minutes as there is something to show of. */
function spanOf(now) {
  const oldest = Math.min(now / 1000, ...points.map(point => point[0]), ...alarms);
  return Math.min(SECONDS, Math.max(60, 60 * Math.ceil((now / 1000 - oldest) / 60)));
}

export function drawWaits(now, news) {
  points = points.concat(news).filter(point => point[0] > now / 1000 - SECONDS);
  alarms = alarms.filter(at => at > now / 1000 - SECONDS);
  const width = Math.max(240, svg.clientWidth);
  const height = Math.max(120, svg.clientHeight);
  svg.replaceChildren();
  svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
  const span = spanOf(now);
  const x = second => LEFT + (width - LEFT - RIGHT) * (1 - (now / 1000 - second) / span);
  const scale = scaleOf(height);
  grid(scale, width);
  const floor = height - BOTTOM;
  const most = Math.max(1, ...points.map(point => point[1]));
  const wide = Math.max(1, (width - LEFT - RIGHT) / span - .5);
  points.forEach(point => {
    const high = BARS * point[1] / most;
    put('rect', { class: 'bar', x: x(point[0]), y: floor - high, width: wide, height: high });
  });
  put('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: floor, y2: floor });
  const step = span <= 60 ? 20 : 60;
  for (let ago = 0; ago < span; ago += step) {
    const said = ago === 0 ? 'now' : '\u2212' + (step < 60 ? ago + ' s' : ago / 60 + ' min');
    put('text', { x: x(now / 1000 - ago), y: height - 4, 'text-anchor': ago === 0 ? 'end' : 'middle' }, said);
  }
  alarms.forEach(at => put('line', { class: 'mark', x1: x(at), x2: x(at), y1: TOP - 6, y2: floor }));
  const served = points.filter(point => point[1] > 0);
  const xs = served.map(point => [x(point[0]), point[0]]);
  put('path', { class: 'p99', d: path(xs, served.map(point => scale.y(point[3]))) });
  put('path', { class: 'p50', d: path(xs, served.map(point => scale.y(point[2]))) });
  points.filter(point => point[5] > 0)
    .forEach(point => put('text', { class: 'vain', x: x(point[0]), y: TOP - 4, 'text-anchor': 'middle' }, '\u00D7'));
  summary(now);
}

/** The same in words, of the last minute. */
function summary(now) {
  const last = points.filter(point => point[0] >= now / 1000 - 61);
  const waited = last.reduce((sum, point) => sum + point[1], 0);
  const inVain = last.reduce((sum, point) => sum + point[5], 0);
  const longest = Math.max(0, ...last.map(point => point[4]));
  const worst = Math.max(0, ...last.map(point => point[3]));
  say(text, 'In the last minute ' + (waited === 0 ? 'nobody had to wait' : count(waited) + ' had to wait, the longest for '
    + wait(longest) + ', in the worst second 99% of them for ' + wait(worst) + ' at most')
    + (inVain === 0 ? '.' : '; ' + count(inVain) + ' in vain.'));
}
