/// The page's script: gets the content each second and changes only what differs, so that focus and opened rows stay; presses
/// the API's buttons.
enum PageScript {
    static let text: StaticString = #"""
        'use strict';
        (() => {
          const root = document.documentElement, find = id => document.getElementById(id);
          const isLocked = document.body.dataset.locked !== undefined;
          const every = 1000, patience = 5000, slot = 'switchyard-key';
          let key = null, isPaused = false, timer = 0, fading = 0, turn = 0, seen = Date.now(), verdict = null, filter = 'all';
          root.classList.add('live');

          // The key lives in this tab alone, in memory where nothing else is to be had.
          const stored = {
            get() { try { return sessionStorage.getItem(slot); } catch { return null; } },
            set(value) { try { value ? sessionStorage.setItem(slot, value) : sessionStorage.removeItem(slot); } catch {} },
          };
          const headers = more => key ? { Authorization: 'Bearer ' + key, ...more } : { ...more };

          function link(state) {
            root.dataset.link = state;
            const at = new Date(seen).toISOString().slice(11, 19);
            const text = state === 'live' ? 'Live' : state === 'paused' ? 'Paused at ' + at + ' UTC'
              : 'No connection: this is from ' + at + ' UTC';
            if (find('link').textContent !== text) find('link').textContent = text;
          }

          function say(text, isBad) {
            const notice = find('notice');
            notice.className = isBad ? 'bad' : '';
            notice.textContent = text;
            clearTimeout(fading);
            if (text && !isBad) fading = setTimeout(() => say(''), 20000);
          }

          // Makes one element like another and keeps every node that stays, where it is: a moved one would lose its focus.
          function morph(from, to) {
            for (const { name } of [...from.attributes])
              if (name !== 'open' && !to.hasAttribute(name)) from.removeAttribute(name);
            for (const { name, value } of to.attributes)
              if (name !== 'open' && from.getAttribute(name) !== value) from.setAttribute(name, value);
            const keyOf = node => node.nodeType === 1 ? node.getAttribute('data-key') : null;
            const wanted = new Set([...to.childNodes].map(keyOf)), kept = new Map();
            for (const child of from.children) if (keyOf(child)) kept.set(keyOf(child), child);
            let at = from.firstChild;
            for (const want of [...to.childNodes]) {
              const name = keyOf(want);
              let have = name ? kept.get(name) : at;
              if (have && (have.nodeName !== want.nodeName || keyOf(have) !== name)) have = null;
              if (!have) { from.insertBefore(document.importNode(want, true), at); continue; }
              while (at && at !== have && !(keyOf(at) && wanted.has(keyOf(at)))) {
                const gone = at;
                at = at.nextSibling;
                gone.remove();
              }
              if (at === have) at = at.nextSibling; else from.insertBefore(have, at);
              if (want.nodeType === 1) morph(have, want);
              else if (have.data !== want.data) have.data = want.data;
            }
            while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
          }

          function choose() {
            root.dataset.filter = filter;
            for (const button of document.querySelectorAll('[data-filter]'))
              if (button !== root) button.setAttribute('aria-pressed', String(button.dataset.filter === filter));
          }

          function show(next) {
            const live = find('live'), focused = document.activeElement;
            const home = live.contains(focused) ? focused.closest('section') : null;
            for (const button of next.querySelectorAll('[data-filter]'))
              button.setAttribute('aria-pressed', String(button.dataset.filter === filter));
            morph(live, next);
            if (home && !live.contains(document.activeElement))
              ((home.isConnected && home.querySelector('h2')) || find('main')).focus();
            if (document.title !== live.dataset.title) document.title = live.dataset.title;
            if (verdict !== null && verdict !== live.dataset.verdict) find('spoken').textContent = live.dataset.verdict;
            verdict = live.dataset.verdict;
          }

          async function poll() {
            clearTimeout(timer);
            const mine = ++turn;
            try {
              const answer = await fetch('/admin/page',
                { headers: headers(), cache: 'no-store', signal: AbortSignal.timeout(patience) });
              const text = await answer.text();
              if (mine !== turn) return;
              if (answer.status === 401 && isLocked) return lock('That key is not accepted.');
              const next = new DOMParser().parseFromString(text, 'text/html').getElementById('live');
              if (!answer.ok || !next) throw new Error(answer.status);
              seen = Date.now();
              open();
              show(next);
              link('live');
            } catch {
              if (mine === turn) link('lost');
            }
            if (mine === turn) timer = setTimeout(poll, every);
          }

          function pause(isOn) {
            isPaused = isOn;
            find('pause').textContent = isOn ? 'Resume' : 'Pause';
            if (!isOn) return poll();
            clearTimeout(timer);
            turn++;
            link('paused');
          }

          function ask(text, label) {
            return new Promise(resolve => {
              const dialog = find('ask');
              let answer = false;
              find('ask-text').textContent = text;
              find('ask-yes').textContent = label;
              find('ask-yes').onclick = () => { answer = true; dialog.close(); };
              find('ask-no').onclick = () => dialog.close();
              dialog.onclose = () => resolve(answer);
              dialog.showModal();
              find('ask-no').focus();
            });
          }

          const busy = new Set();
          async function press(button) {
            const { post, done, confirm } = button.dataset, label = button.textContent;
            if (busy.has(post)) return;
            if (confirm && !await ask(confirm, label)) return;
            busy.add(post);
            button.setAttribute('aria-busy', 'true');
            try {
              const answer = await fetch(post, { method: 'POST', headers: headers({ 'X-Switchyard-Admin': '1' }) });
              const body = await answer.json().catch(() => ({}));
              if (answer.ok) say(done + (typeof body.status === 'string' ? ' It is ' + body.status.replaceAll('_', ' ') + '.' : ''));
              else say(label + ' failed: ' + (body.faults ? body.faults.length + ' lines in the configuration, listed below.'
                : body.detail || answer.status), true);
            } catch {
              say(label + ' failed: no connection.', true);
            }
            busy.delete(post);
            button.removeAttribute('aria-busy');
            if (isPaused) pause(false); else poll();
          }

          function lock(why) {
            key = null;
            stored.set(null);
            turn++;
            clearTimeout(timer);
            find('live').replaceChildren();
            root.dataset.link = 'paused';
            find('link').textContent = 'Locked';
            find('unlock').hidden = false;
            find('forget').hidden = true;
            document.title = 'Switchyard';
            verdict = null;
            if (why) say(why, true);
            find('key').focus();
          }

          function open() {
            if (!isLocked || find('unlock').hidden) return;
            find('unlock').hidden = true;
            find('forget').hidden = false;
            stored.set(key);
            say('');
            find('main').focus();
          }

          document.addEventListener('click', event => {
            const button = event.target.closest('button');
            if (!button) return;
            if (button.dataset.post) press(button);
            else if (button.dataset.filter) { filter = button.dataset.filter; choose(); }
            else if (button.id === 'pause') pause(!isPaused);
            else if (button.id === 'forget') lock();
          });
          document.addEventListener('visibilitychange', () => { if (!document.hidden && !isPaused && (key || !isLocked)) poll(); });

          if (isLocked) {
            find('unlock').addEventListener('submit', event => {
              event.preventDefault();
              key = find('key').value.trim();
              find('key').value = '';
              if (isPaused) pause(false); else poll();
            });
            key = stored.get();
            if (key) poll(); else lock();
          } else {
            verdict = find('live').dataset.verdict;
            document.title = find('live').dataset.title;
            link('live');
            timer = setTimeout(poll, every);
          }
        })();
        """#
}
