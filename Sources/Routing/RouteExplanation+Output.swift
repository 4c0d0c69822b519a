package import StrictJSON

extension RouteExplanation {
    /// Writes the explanation as the contract has it (§4).
    package func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("route", plan?.route.name)
        writer.member("reason", reason)
        writer.member("strategy", plan?.route.strategy.rawValue)
        writer.name("providers")
        writer.beginArray()
        for provider in plan?.candidates ?? [] {
            writer.beginObject()
            writer.member("provider", provider)
            writer.member("use", true)
            writer.member("reason", nil as String?)
            writer.endObject()
        }
        for provider in plan?.leftOut ?? [] {
            writer.beginObject()
            writer.member("provider", provider.provider)
            writer.member("use", false)
            writer.member("reason", provider.reason.rawValue)
            writer.member("detail", provider.detail)
            writer.endObject()
        }
        writer.endArray()
        writer.name("routes")
        writer.beginArray()
        for verdict in verdicts {
            writer.beginObject()
            writer.member("route", verdict.route)
            writer.member("matched", verdict.matched)
            writer.member("because", verdict.because)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    /// The explanation as text for a terminal, without a trailing newline.
    package var text: String {
        var lines: [String] = []
        if let plan {
            lines.append("route      \(plan.route.name): \(reason)")
            lines.append("strategy   \(plan.route.strategy.rawValue)")
            for (index, provider) in plan.candidates.enumerated() {
                lines.append("provider   \(index + 1). \(provider)")
            }
            if plan.candidates.isEmpty { lines.append("provider   none can do this payment") }
            for provider in plan.leftOut {
                let detail = provider.detail.map { " (\($0))" } ?? ""
                lines.append("left out   \(provider.provider): \(provider.reason.rawValue)\(detail)")
            }
        } else {
            lines.append("route      none: \(reason)")
        }
        for verdict in verdicts where !verdict.matched {
            lines.append("not        \(verdict.route): \(verdict.because)")
        }
        return lines.joined(separator: "\n")
    }
}
