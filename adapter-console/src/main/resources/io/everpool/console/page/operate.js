// What an operator can do. The token is in the field, goes into a header, and nowhere else.
import { say } from './words.js';

const form = document.getElementById('operate');
const token = document.getElementById('token');
const outcome = document.getElementById('outcome');
const least = document.getElementById('min');
const most = document.getElementById('max');
const QUESTIONS = {
  suspend: id => 'Have pool ' + id + ' lend nothing any more until it is resumed? Callers will wait.',
  'replace-all': id => 'Replace every connection of pool ' + id + '? Leased ones when they come back.',
};

let pool = null;

export function drawOperate(now, readOnly) {
  form.hidden = readOnly;
  say(document.getElementById('may'), readOnly ? 'read-only: the console was started without a token' : 'takes the token that the console was started with');
  if (pool === null || pool.id !== now.id) {
    least.value = now.min;
    most.value = now.max;
    most.max = now.places;
    say(outcome, '');
  }
  pool = now;
}

async function act(name) {
  const id = pool.id; // another may be shown when the answer comes
  if (QUESTIONS[name] && !window.confirm(QUESTIONS[name](id))) return;
  const query = new URLSearchParams({ pool: id, do: name });
  const told = id + ', ' + name + ': ';
  if (name === 'resize') {
    query.set('min', least.value);
    query.set('max', most.value);
  }
  try {
    const answer = await fetch('action?' + query, { method: 'POST', headers: { 'X-Everpool-Token': token.value } });
    say(outcome, told + await answer.text());
  } catch (e) {
    say(outcome, told + (e instanceof TypeError ? 'the console does not answer, or the token has letters that no header can carry.' : e));
  }
}

form.addEventListener('submit', event => event.preventDefault());
form.querySelectorAll('[data-do]').forEach(button => button.addEventListener('click', () => act(button.dataset.do)));
