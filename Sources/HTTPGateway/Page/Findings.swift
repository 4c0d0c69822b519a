import PaymentEngine
import PaymentModel

/// Whether anything is wrong now, and what to do: what an operator reads first.
struct Finding: Sendable, Hashable {
    let tone: Tone
    let what: String
    /// What follows from it, and what to do.
    let advice: String
    /// The id of the part of the page that has more.
    let place: String
    /// Tells it from all others, whatever its numbers come to.
    var key: String { "\(place) \(tone.rawValue) \(subject)" }
    private let subject: String

    init(tone: Tone, what: String, advice: String, place: String, of subject: String = "") {
        self.tone = tone
        self.what = what
        self.advice = advice
        self.place = place
        self.subject = subject
    }

    /// Everything that an operator should know of, the worst first.
    static func all(_ overview: EngineOverview, reloads: [ReloadReport]) -> [Finding] {
        var found: [Finding] = []
        func add(_ tone: Tone, _ what: String, _ advice: String, at place: String, of subject: String = "") {
            found.append(Finding(tone: tone, what: what, advice: advice, place: place, of: subject))
        }
        if overview.isDraining {
            add(.warn, "Draining", "The process is going down; it finishes what is under way.", at: "top")
        }
        for provider in overview.providers { found += Self.findings(of: provider, now: overview.at) }
        for route in overview.routes where route.refused > 0 {
            add(
                .bad, "\(Words.count(route.refused, "payment")) on route \(route.name) found no provider",
                "Nothing was charged. All its providers failed, were off, or could not do them.", at: "routes",
                of: route.name)
        }
        let store = overview.store
        if store.underReview > 0 {
            add(
                .bad, "\(Words.count(store.underReview, "payment")) under review",
                "A person has to compare them with the provider's own console, and resolve them.", at: "payments")
        }
        if store.unknown > 0 {
            add(
                .warn, "\(Words.count(store.unknown, "payment")) of unknown outcome",
                "Providers that can be asked are asked on and on; the others' payments are under review. Do not charge them again "
                    + "elsewhere.", at: "payments")
        }
        if store.orphansOfMoneyCount > 0 {
            add(
                .bad, "\(Words.count(store.orphansOfMoneyCount, "callback")) of money without a payment",
                "A provider took money that nothing here knows of.", at: "orphans")
        }
        if store.failedEventCount > 0 {
            add(
                .warn, "\(Words.count(store.failedEventCount, "event")) not delivered",
                "Their apps do not know. Send them again once the app is back.", at: "events")
        }
        if let last = reloads.first, !last.isSuccessful {
            add(
                .warn, "The configuration on disk has faults",
                "Version \(Words.version(overview.version)) stays in force until they are mended.", at: "reloads")
        }
        return found.enumerated()
            .sorted { ($1.element.tone, $0.offset) < ($0.element.tone, $1.offset) }.map(\.element)
    }

    private static func findings(of provider: ProviderHealthReport, now: Timestamp) -> [Finding] {
        let place = ProviderCard.id(of: provider)
        if provider.standing == .disabledByHand {
            return [
                Finding(
                    tone: .note, what: "\(provider.name) is disabled by hand",
                    advice: "It takes no new payments until it is enabled.", place: place)
            ]
        }
        let open = provider.operations.filter { $0.breaker == "open" }
        if !open.isEmpty {
            let names = open.map(\.operation.rawValue).joined(separator: ", ")
            let until = open.compactMap(\.opensUntil).min()
            let wait = until.map {
                " It is tried again in \(Words.duration(milliseconds: $0.milliseconds - now.milliseconds + 999))."
            }
            let way =
                open.contains { $0.operation == .create }
                ? "New payments go to the next provider of their route." : "New payments are not affected."
            return [
                Finding(
                    tone: .bad, what: "\(provider.name) is failing: \(names) stopped",
                    advice: way + (wait ?? ""), place: place)
            ]
        }
        let trying = provider.operations.filter { $0.breaker == "half_open" }
        if trying.isEmpty, provider.isEnabled, provider.isUnsteady {
            let (calls, faults) = provider.lastMinute
            return [
                Finding(
                    tone: .warn, what: "\(provider.name) is unsteady",
                    advice: "\(faults) of \(Words.count(calls, "call")) failed in the last minute.", place: place)
            ]
        }
        guard !trying.isEmpty else { return [] }
        return [
            Finding(
                tone: .warn,
                what: "\(provider.name) is being tried: \(trying.map(\.operation.rawValue).joined(separator: ", "))",
                advice: "Its next calls decide whether it is used again.", place: place)
        ]
    }
}
