import Foundation
import NIOHTTP1
import StrictJSON
import Testing

extension EndToEnd {
    /// The page for people in a real browser: seen, and used by keyboard alone.
    @Suite(.enabled(if: Browser.isWanted, "chromedriver is not on the PATH"))
    struct PageBrowserTests {
        private typealias Key = Browser.Key

        private static let breaker = "breaker: { consecutive_failures: 2, open_for: 60s, max_open_for: 60s }"
        private static let card = "#provider-payalo-ke"
        private static let cardBadge = card + " > .head > .badge"

        /// Runs `body` with a router and a browser that looks at its page.
        private static func atPage(
            _ setup: Setup = .quick(payalo: breaker), width: Int = 1280, height: Int = 800, scheme: String = "light",
            _ body: @Sendable (Router, Browser) async throws -> Void
        ) async throws {
            try await endToEnd(setup) { router in
                try await Browser.run(router.providers.http) { browser in
                    try await browser.view(width: width, height: height, scheme: scheme)
                    try await browser.open("http://127.0.0.1:\(router.admin)/")
                    try await body(router, browser)
                    // A reload that finds faults is answered with 422, which the browser notes.
                    let complaints = try await browser.complaints().filter { !$0.contains("/admin/reload") }
                    #expect(complaints == [])
                }
            }
        }

        private static func isEnabled(_ name: String, at router: Router) async throws -> Bool? {
            let providers = try await router.operate(.GET, "/admin/providers").json["providers"]?.array
            return providers?.first { $0["provider"]?.string == name }?["enabled"]?.bool
        }

        @Test(
            "an outage is seen within two seconds",
            arguments: [(1280, "light"), (1280, "dark"), (360, "light"), (360, "dark")])
        func outage(width: Int, scheme: String) async throws {
            try await Self.atPage(width: width, scheme: scheme) { router, browser in
                _ = try await router.pay("k-0")
                try await browser.sees("Healthy", in: Self.cardBadge)
                try await browser.sees("All is well", in: "#verdict")
                // What stands still looks the same.
                _ = try await browser.evaluate("document.getElementById('pause').click()")
                try await browser.sees("Paused", in: "#link")
                let healthy = try await browser.screenshot(of: Self.card)
                #expect(try await browser.screenshot(of: Self.card) == healthy)
                let background = "return getComputedStyle(document.querySelector('\(Self.cardBadge)')).backgroundColor"
                let calm = try await browser.evaluate(background).string
                _ = try await browser.evaluate("document.getElementById('pause').click()")

                // The page itself takes the time at which it shows the change.
                _ = try await browser.evaluate(
                    """
                    new MutationObserver(() => {
                      if (!window.seenAt && document.querySelector('\(Self.cardBadge)').innerText.includes('Failing'))
                        window.seenAt = Date.now();
                    }).observe(document.getElementById('live'), { subtree: true, childList: true, characterData: true, attributes: true });
                    """)
                try await router.providers.fault("payalo", "refuse")
                for number in 1...2 { #expect(try await router.pay("k-\(number)")["provider"] == "payalo-backup") }
                let openedAt = Date().timeIntervalSince1970 * 1000
                let seenAt = try await eventually("the outage is seen") {
                    try await browser.evaluate("return window.seenAt || null").number
                }
                let took = try #require(Double(seenAt.text)) - openedAt
                #expect(took <= 2000, "it took \(took) ms")

                try await browser.sees("payalo-ke is failing", in: ".findings")
                try await browser.sees("open", in: Self.card + " table")
                let title = try await browser.evaluate("return document.title").string
                #expect(title?.contains("1 problem now") == true)
                // Without scrolling.
                let bottom = try await browser.evaluate(
                    "scrollTo(0, 0); return Math.ceil(document.querySelector('.findings .badge').getBoundingClientRect().bottom)"
                )
                let lowest = try #require(bottom.integer)
                #expect(lowest < 800)
                #expect(try await browser.evaluate(background).string != calm)
                #expect(try await browser.screenshot(of: Self.card) != healthy)
                try await Self.expectRoom(browser, isPhone: width < 700)
                try await Self.expectContrast(browser)
            }
        }

        /// Nothing sticks out, and fingers find every button.
        private static func expectRoom(_ browser: Browser, isPhone: Bool) async throws {
            // Opened rows are part of it.
            _ = try await browser.evaluate("for (const row of document.querySelectorAll('details')) row.open = true")
            let overflow = try await browser.evaluate("return document.documentElement.scrollWidth - innerWidth")
                .integer
            let excess = try #require(overflow)
            #expect(excess <= 0)
            let small = try await browser.evaluate(
                """
                return [...document.querySelectorAll('button, summary, input')].filter(it => it.checkVisibility())
                  .map(it => [it.getBoundingClientRect(), it.innerText])
                  .filter(([box]) => Math.min(box.width, box.height) < \(isPhone ? 44 : 24)).map(([box, text]) => text + box.height)
                """)
            #expect(small.array == [])
        }

        /// Every text has at least 4.5 : 1 (WCAG 2.2 AA) against what is behind it.
        private static func expectContrast(_ browser: Browser) async throws {
            let poor = try await browser.evaluate(
                """
                const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
                const channel = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
                const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
                const poor = [];
                const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
                while (walk.nextNode()) {
                  const it = walk.currentNode.parentElement;
                  if (!walk.currentNode.data.trim() || !it.checkVisibility() || ['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(it.nodeName)) continue;
                  let behind = it, back = parse(getComputedStyle(behind).backgroundColor);
                  while (back[3] === 0 && behind.parentElement) {
                    behind = behind.parentElement;
                    back = parse(getComputedStyle(behind).backgroundColor);
                  }
                  const [a, b] = [light(parse(getComputedStyle(it).color)), light(back)].sort((x, y) => y - x);
                  const ratio = (a + 0.05) / (b + 0.05);
                  if (ratio < 4.5) poor.push(walk.currentNode.data.trim() + ' ' + ratio.toFixed(2));
                }
                return poor;
                """)
            #expect(poor.array == [])
        }

        @Test func aProviderIsSwitchedByKeyboard() async throws {
            try await Self.atPage { router, browser in
                let toggle = #"[data-key="toggle-payalo-ke"]"#
                try await browser.tab(to: toggle)
                try await browser.type(Key.enter)
                try await browser.sees("Disable payalo-ke?", in: "#ask")
                #expect(try await browser.isFocused("#ask-no"))
                try await browser.type(Key.escape)
                #expect(try await browser.evaluate("return document.getElementById('ask').open").bool == false)
                #expect(try await browser.isFocused(toggle))
                #expect(try await Self.isEnabled("payalo-ke", at: router) == true)

                try await browser.type(Key.enter)
                try await browser.sees("Disable payalo-ke?", in: "#ask")
                try await browser.type(Key.tab)
                #expect(try await browser.isFocused("#ask-yes"))
                try await browser.type(Key.enter)
                try await browser.sees("payalo-ke is disabled.", in: "#notice")
                #expect(try await Self.isEnabled("payalo-ke", at: router) == false)
                try await browser.sees("Disabled", in: Self.cardBadge)
                try await browser.sees("payalo-ke is disabled by hand", in: ".findings")
                #expect(try await router.pay("k-1")["provider"] == "payalo-backup")

                // The button under the finger has become the way back.
                #expect(try await browser.isFocused(toggle))
                try await browser.sees("Enable", in: toggle)
                try await browser.type(Key.enter)
                try await browser.sees("payalo-ke is enabled.", in: "#notice")
                #expect(try await Self.isEnabled("payalo-ke", at: router) == true)
                try await browser.sees("All is well", in: "#verdict")
                let spoken = try await browser.evaluate("return document.getElementById('spoken').textContent").string
                #expect(spoken == "All is well")
            }
        }

        @Test func aPaymentIsSyncedByKeyboardAndFocusStays() async throws {
            try await Self.atPage { router, browser in
                let payment = try await router.pay("k-1")
                let id = try #require(payment["id"])
                let row = #"[data-key="\#(id)"]"#
                try await browser.sees("pending", in: row)
                try await browser.tab(to: row + " summary")
                try await browser.type(Key.enter)
                try await browser.sees("payalo-ke create – answered: accepted", in: row + " .timeline")
                try await browser.tab(to: #"[data-key="sync-\#(id)"]"#)
                try await browser.type(Key.enter)
                try await browser.sees("The provider was asked. It is pending.", in: "#notice")
                // New payments come in above it; the row stays open, and the button keeps the focus.
                for number in 2...4 { _ = try await router.pay("k-\(number)") }
                _ = try await eventually("the others are shown", within: .seconds(60)) {
                    try await browser.evaluate("return document.querySelectorAll('.pay').length").integer == 4
                        ? true : nil
                }
                #expect(try await browser.isFocused(#"[data-key="sync-\#(id)"]"#))
                #expect(
                    try await browser.evaluate("return document.querySelectorAll('.pay details[open]').length").integer
                        == 1)
                try await router.providers.settle("payalo", payment["provider_reference"], "success")
                try await browser.sees("captured", in: row)
                // Its button is gone; who was there is not thrown out of the page.
                _ = try await eventually("the heading has the focus", within: .seconds(60)) {
                    try await browser.isFocused("#payments-title") ? true : nil
                }
            }
        }

        @Test func anEventIsSentAgainByKeyboard() async throws {
            try await EventReceiver.run { receiver, port in
                receiver.answer(500)
                let hook = EventReceiver.webhook("http://127.0.0.1:\(port)/hooks", retry: "[10ms]")
                try await Self.atPage(.quick(payalo: Self.breaker, shop: hook)) { router, browser in
                    _ = try await router.pay("k-1")
                    try await browser.sees("1 event not delivered", in: ".findings")
                    try await browser.sees("http 500", in: "#events")
                    let listed = try await router.operate(.GET, "/admin/events?status=failed")
                    #expect(listed.json["data"]?.array?.count == 1)
                    receiver.answer(200)
                    try await browser.tab(to: "#events button")
                    try await browser.type(Key.enter)
                    try await browser.sees("The event is sent again.", in: "#notice")
                    try await browser.sees("None.", in: "#events")
                    let left = try await router.operate(.GET, "/admin/events")
                    #expect(left.json["data"]?.array?.isEmpty == true)
                    let event = try await router.send(.GET, "/v1/events")
                    let delivery = try #require(event.json["data"]?.array?.first?["delivery"])
                    #expect(delivery["status"]?.string == "delivered")
                }
            }
        }

        @Test func theConfigurationIsReloadedByKeyboard() async throws {
            try await Self.atPage { router, browser in
                let file = router.folder.appending(path: "all.yaml")
                let good = try String(contentsOf: file, encoding: .utf8)
                try good.replacing("use: [cards-main]", with: "use: [cards-mian]")
                    .write(to: file, atomically: true, encoding: .utf8)
                try await browser.tab(to: #"[data-post="/admin/reload"]"#)
                try await browser.type(Key.enter)
                try await browser.sees("Reload failed:", in: "#notice")
                try await browser.sees("did you mean", in: "#reloads")
                try await browser.sees("The configuration on disk has faults", in: ".findings")
                try good.replacing("name: cards-page", with: "name: cards-in-a-page")
                    .write(to: file, atomically: true, encoding: .utf8)
                try await browser.type(Key.enter)
                try await browser.sees("The configuration was read and is in force.", in: "#notice")
                try await browser.sees("cards-in-a-page", in: "#routes")
                let reloads = try await router.operate(.GET, "/admin/reloads")
                #expect(reloads.json["reloads"]?.array?.first?["successful"]?.bool == true)
            }
        }

        @Test func elsewhereItAsksForTheKeyAndKeepsItInTheTab() async throws {
            // SHA-256 of `op-key`.
            let keys = #"admin_keys_sha256: ["7007eeb3a4e88de3167e9466573e1881916bb7a86e4d89c56c50eb0c82df0e2b"]"#
            try await withProviders { providers in
                try await withRouter(.quick(server: keys), providers, adminHost: "0.0.0.0") { router in
                    try await Browser.run(providers.http) { browser in
                        try await browser.open("http://127.0.0.1:\(router.admin)/")
                        try await browser.sees("An operator's key is needed here", in: "#main")
                        #expect(try await browser.isFocused("#key"))
                        try await browser.type("wrong" + Key.enter)
                        try await browser.sees("That key is not accepted.", in: "#notice")
                        try await browser.type("op-key" + Key.enter)
                        try await browser.sees("All is well", in: "#verdict")
                        try await browser.refresh()
                        try await browser.sees("All is well", in: "#verdict")
                        let places = try await browser.evaluate(
                            "return location.href + document.cookie + JSON.stringify(localStorage) + document.documentElement.outerHTML"
                        )
                        #expect(places.string?.contains("op-key") == false)
                        try await browser.tab(to: #"[data-key="toggle-payalo-ke"]"#)
                        try await browser.type(Key.enter)
                        try await browser.sees("Disable payalo-ke?", in: "#ask")
                        try await browser.type(Key.tab + Key.enter)
                        try await browser.sees("payalo-ke is disabled.", in: "#notice")
                        try await browser.tab(to: "#forget")
                        try await browser.type(Key.enter)
                        try await browser.sees("An operator's key is needed here", in: "#main")
                        let left = try await browser.evaluate(
                            "return document.getElementById('live').childElementCount + sessionStorage.length")
                        #expect(left.integer == 0)
                    }
                }
            }
        }

        @Test func withoutScriptsItIsLoadedAnewAndOffersNoButtons() async throws {
            try await endToEnd(.quick(payalo: Self.breaker)) { router in
                try await Browser.run(router.providers.http) { browser in
                    try await browser.devTools("Emulation.setScriptExecutionDisabled", #"{"value":true}"#)
                    try await browser.open("http://127.0.0.1:\(router.admin)/")
                    try await browser.sees("All is well", in: "#verdict")
                    let buttons = try await browser.evaluate(
                        "return [...document.querySelectorAll('button')].filter(it => it.checkVisibility()).length")
                    #expect(buttons.integer == 0)
                    try await router.providers.fault("payalo", "refuse")
                    for number in 1...2 { _ = try await router.pay("k-\(number)") }
                    try await browser.sees("payalo-ke is failing", in: "#verdict")
                }
            }
        }

        @Test func whatDoesNotSeeTheScreenFindsItsWay() async throws {
            try await Self.atPage { router, browser in
                _ = try await router.pay("k-1")
                try await browser.sees("pending", in: "#payments")
                let faults = try await browser.evaluate(
                    """
                    const faults = [], all = name => [...document.querySelectorAll(name)];
                    if (document.documentElement.lang !== 'en') faults.push('lang');
                    for (const name of ['h1', 'header', 'main']) if (all(name).length !== 1) faults.push(name);
                    const ids = all('[id]').map(it => it.id);
                    if (new Set(ids).size !== ids.length) faults.push('the same id twice');
                    for (const it of all('button')) if (!(it.ariaLabel || it.innerText || it.textContent).trim() && it.id !== 'ask-yes')
                      faults.push('button without a name');
                    for (const it of all('svg')) if (!(it.getAttribute('role') === 'img' && it.getAttribute('aria-label')) && it.getAttribute('aria-hidden') !== 'true')
                      faults.push('picture without words');
                    for (const it of all('[aria-labelledby]')) for (const id of it.getAttribute('aria-labelledby').split(' '))
                      if (!document.getElementById(id)) faults.push('no ' + id);
                    let level = 1;
                    for (const it of all('h1,h2,h3')) {
                      if (+it.nodeName[1] > level + 1) faults.push('a level is skipped at ' + it.innerText);
                      level = +it.nodeName[1];
                    }
                    for (const it of all('a[href^="#"]')) if (!document.getElementById(it.hash.slice(1))) faults.push('dead ' + it.hash);
                    if (all('[aria-live], [role=status], [role=alert]').some(it => document.getElementById('live').contains(it)))
                      faults.push('all changes are read out');
                    return faults;
                    """)
                #expect(faults.array == [])
                try await browser.type(Key.tab)
                #expect(try await browser.isFocused(".skip"))
                let outline = try await browser.evaluate("return getComputedStyle(document.activeElement).outlineStyle")
                #expect(outline.string == "solid")
                try await browser.type(Key.enter + Key.tab)
                #expect(
                    try await browser.evaluate("return document.querySelector('main').contains(document.activeElement)")
                        .bool == true)
            }
        }

        /// The pictures of the guides: `SWITCHYARD_PICTURES=docs/images swift test --filter PageBrowserTests/pictures`.
        @Test(.enabled(if: ProcessInfo.processInfo.environment["SWITCHYARD_PICTURES"] != nil))
        func pictures() async throws {
            let folder = URL(filePath: try #require(ProcessInfo.processInfo.environment["SWITCHYARD_PICTURES"]))
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try await Self.atPage(.quick(payalo: Self.breaker)) { router, browser in
                for round in 1...8 {
                    for number in 1...round { _ = try await router.pay("k-\(round)-\(number)") }
                    _ = try await router.pay("c-\(round)", .checkout)
                    if round == 6 { try await router.providers.fault("payalo", "refuse") }
                    // Charts are of fives of seconds.
                    try await Task.sleep(for: .seconds(5))
                }
                for (name, width, height, scheme) in [
                    ("page-light.png", 1280, 860, "light"), ("page-phone.png", 360, 780, "dark"),
                ] {
                    try await browser.view(width: width, height: height, scheme: scheme)
                    try await browser.sees("payalo-ke is failing", in: ".findings")
                    _ = try await browser.evaluate("scrollTo(0, 0)")
                    let image = try await browser.screenshot()
                    #expect(image.count <= 150 * 1024)
                    try image.write(to: folder.appending(path: name))
                }
            }
        }
    }
}
