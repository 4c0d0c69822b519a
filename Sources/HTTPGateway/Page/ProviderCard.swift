import PaymentEngine
import PaymentModel

/// One provider: whether it works, what its calls were like, and the switch.
struct ProviderCard {
    private let provider: ProviderHealthReport
    private let now: Timestamp

    init(_ provider: ProviderHealthReport, now: Timestamp) {
        self.provider = provider
        self.now = now
    }

    /// Where on the page it is.
    static func id(of provider: ProviderHealthReport) -> String { "provider-\(provider.name)" }

    func write(to html: inout HTML) {
        let (tone, word) = state
        let id = Self.id(of: provider)
        html.element(
            "article", ["class": "card \(tone.rawValue)", "id": id, "data-key": id, "aria-labelledby": "\(id)-name"]
        ) { html in
            html.element("div", ["class": "head"]) { html in
                html.element("div") { html in
                    html.element("h3", ["id": "\(id)-name"], provider.name)
                    html.element("p", ["class": "faint"], facts)
                }
                html.badge(tone, word)
            }
            if provider.history.contains(where: { $0.calls > 0 }) {
                html.element("div", ["class": "charts"]) { html in
                    Charts.calls(provider.history, into: &html)
                    Charts.latency(provider.history, into: &html)
                }
            } else {
                html.element("p", ["class": "faint"], "No calls in the last 5 minutes.")
            }
            if !provider.operations.isEmpty { operations(&html) }
            toggle(&html)
        }
    }

    private var facts: String {
        var facts = [provider.plugin, "\(provider.inFlight) in flight"]
        if let age = provider.tokenAgeSeconds {
            facts.append("token \(Words.duration(milliseconds: Int64(age) * 1000)) old")
        }
        return facts.joined(separator: " · ")
    }

    private var state: (Tone, String) {
        let breakers = provider.operations.map(\.breaker)
        switch provider.standing {
        case .disabledByHand: return (.note, "Disabled")
        case .disabledInConfiguration: return (.note, "Off")
        case .removed: return (.note, "Removed")
        case .enabled:
            if breakers.contains("open") { return (.bad, "Failing") }
            if breakers.contains("half_open") { return (.warn, "On trial") }
            if provider.isUnsteady { return (.warn, "Unsteady") }
            return provider.operations.isEmpty ? (.calm, "Idle") : (.good, "Healthy")
        }
    }

    private func operations(_ html: inout HTML) {
        html.element("table", ["class": "operations"]) { html in
            html.element("caption", ["class": "hidden"], "Operations of \(provider.name)")
            html.element("thead") { html in
                html.element("tr") { html in
                    for title in ["Operation", "Breaker", "Failed", "p50", "p99"] {
                        html.element("th", ["scope": "col"], title)
                    }
                }
            }
            html.element("tbody") { html in
                for operation in provider.operations { row(operation, &html) }
            }
        }
    }

    private func row(_ operation: ProviderHealthReport.OperationReport, _ html: inout HTML) {
        html.element("tr", ["data-key": operation.operation.rawValue]) { html in
            html.element("th", ["scope": "row"], operation.operation.rawValue)
            html.element("td") { html in
                switch operation.breaker {
                case "open":
                    let rest = operation.opensUntil.map { $0.milliseconds - now.milliseconds + 999 }
                    html.badge(.bad, "open" + (rest.map { ", \(Words.duration(milliseconds: $0))" } ?? ""))
                case "half_open": html.badge(.warn, "half-open")
                default: html.badge(.good, "closed")
                }
            }
            html.element("td", operation.recent.map { Words.percent($0.faults, of: $0.calls) } ?? "–")
            html.element("td", operation.recent?.p50.map(Words.latency) ?? "–")
            html.element("td", operation.recent?.p99.map(Words.latency) ?? "–")
        }
    }

    private func toggle(_ html: inout HTML) {
        let path = "/admin/providers/\(pathSegment(provider.name))/"
        let key = "toggle-\(provider.name)"
        html.element("div", ["class": "foot"]) { html in
            switch provider.standing {
            case .enabled:
                html.button(
                    "Disable", of: provider.name, key: key, path: path + "disable",
                    done: "\(provider.name) is disabled.",
                    confirm:
                        "Disable \(provider.name)? It takes no new payments until somebody enables it or the process restarts. Its open payments go on."
                )
            case .disabledByHand:
                html.button(
                    "Enable", of: provider.name, key: key, path: path + "enable", done: "\(provider.name) is enabled.")
            case .disabledInConfiguration: html.element("p", ["class": "faint"], "Switched off in the configuration.")
            case .removed: html.element("p", ["class": "faint"], "Not configured any more; kept for its payments.")
            }
        }
    }
}

extension ProviderHealthReport {
    /// The calls of the last minute, and how many of them failed by its fault.
    var lastMinute: (calls: Int, faults: Int) {
        history.suffix(60 / Int(TimeBuckets.seconds)).reduce(into: (0, 0)) { sum, point in
            sum.0 += point.calls
            sum.1 += point.faults
        }
    }

    /// Whether a tenth or more of the last minute's calls failed.
    var isUnsteady: Bool { lastMinute.faults > 0 && lastMinute.faults * 10 >= lastMinute.calls }
}
