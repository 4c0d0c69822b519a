import HTTPTypes
import PaymentEngine
import PaymentModel

/// The page for people (contract §10): what is wrong now, and what to do; then providers, payments, routes, events, reloads.
///
/// It is written here as a whole, with the styles and the one script inside: nothing is fetched from anywhere but the same
/// content again, each second. Without JavaScript it is loaded anew every two seconds, and offers no buttons.
struct PageView: Sendable {
    /// Of each kind of thing that is listed.
    static let mostRows = 40

    let overview: EngineOverview
    /// Newest first.
    let reloads: [ReloadReport]

    /// What changes as time goes on: one element, `#live`.
    func content(into html: inout HTML) {
        let findings = Finding.all(overview, reloads: reloads)
        let verdict = Verdict(findings, providers: overview.providers)
        html.element("div", ["id": "live", "data-title": verdict.title, "data-verdict": verdict.spoken]) { html in
            verdict.write(to: &html, overview: overview)
            section("providers", "Providers", "the last 5 minutes", into: &html) { html in
                html.element("div", ["class": "cards"]) { html in
                    for provider in overview.providers { ProviderCard(provider, now: overview.at).write(to: &html) }
                }
            }
            html.element("div", ["class": "columns"]) { html in
                html.element("div") { html in
                    section("payments", "Payments", paymentCounts, into: &html, paymentList)
                }
                html.element("div") { html in
                    section("routes", "Routes", "share of the payments of the last 5 minutes", into: &html, routeList)
                    section("events", "Events that failed", eventCounts, into: &html, eventList)
                    section("orphans", "Callbacks without a payment", orphanCounts, into: &html, orphanList)
                    section("reloads", "Configuration", "version \(Words.version(overview.version))", into: &html) {
                        reloadList(&$0)
                    }
                }
            }
        }
    }

    private var paymentCounts: String {
        let store = overview.store
        return "\(store.unknown) unknown, \(store.underReview) under review"
    }

    private var eventCounts: String {
        "\(overview.store.failedEventCount) failed, \(overview.store.waitingEventCount) waiting"
    }

    private var orphanCounts: String {
        "\(overview.store.orphanCount) kept, \(overview.store.orphansOfMoneyCount) of money"
    }

    private func section(
        _ id: String, _ title: String, _ aside: String, into html: inout HTML, _ content: (inout HTML) -> Void
    ) {
        html.element("section", ["id": id, "data-key": id, "aria-labelledby": "\(id)-title"]) { html in
            html.element("div", ["class": "head"]) { html in
                html.element("h2", ["id": "\(id)-title", "tabindex": "-1"], title)
                html.element("p", ["class": "faint"], aside)
            }
            content(&html)
        }
    }
}

/// The page's first words.
struct Verdict {
    let tone: Tone
    let headline: String
    let findings: [Finding]
    private let summary: String

    init(_ findings: [Finding], providers: [ProviderHealthReport]) {
        self.findings = findings
        tone = findings.map(\.tone).max() ?? .good
        let bad = findings.count { $0.tone == .bad }
        let warn = findings.count { $0.tone == .warn }
        headline =
            bad > 0
            ? Words.count(bad, "problem") + " now"
            : warn > 0 ? Words.count(warn, "thing") + " to look at" : "All is well"
        summary = "\(providers.count { $0.isEnabled }) of \(Words.count(providers.count, "provider")) take payments."
    }

    /// Of the browser's tab.
    var title: String { "\(shown.shape) \(headline) – Switchyard" }

    /// What is said aloud when it changes.
    var spoken: String { ([headline] + findings.map(\.what)).joined(separator: ". ") }

    /// Things that are as somebody wanted them leave all well.
    private var shown: Tone { tone <= .note ? .good : tone }

    func write(to html: inout HTML, overview: EngineOverview) {
        html.element(
            "section",
            [
                "id": "verdict", "data-key": "verdict", "class": "verdict \(shown.rawValue)",
                "aria-labelledby": "verdict-title",
            ]
        ) { html in
            html.element("h2", ["id": "verdict-title", "tabindex": "-1"]) { html in
                html.element("span", ["class": "shape", "aria-hidden": "true"], shown.shape)
                html.write(" " + headline)
            }
            if findings.isEmpty { html.element("p", summary) }
            html.element("ul", ["class": "findings"]) { html in
                for finding in findings { write(finding, to: &html) }
            }
            html.element("p", ["class": "facts faint"]) { html in
                html.element("span", "Configuration \(Words.version(overview.version))")
                html.element("span", "up \(Words.duration(milliseconds: overview.uptime.wholeMilliseconds))")
                html.element("span", overview.isDraining ? "draining" : "serving")
                html.element("time", ["datetime": overview.at.description], overview.at.clock + " UTC")
            }
        }
    }

    private func write(_ finding: Finding, to html: inout HTML) {
        html.element("li", ["data-key": finding.key]) { html in
            html.badge(finding.tone, finding.tone.word)
            html.element("div") { html in
                html.element("a", ["href": "#\(finding.place)"], finding.what)
                html.element("p", ["class": "faint"], finding.advice)
            }
        }
    }
}

extension Tone {
    /// The word beside the shape of a finding.
    fileprivate var word: String {
        switch self {
        case .bad: "Problem"
        case .warn: "Look"
        case .note, .calm, .good: "Note"
        }
    }
}

extension Timestamp {
    /// `10:00:00`.
    var clock: String { String(description.dropFirst(11).prefix(8)) }
}

extension Duration {
    fileprivate var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
