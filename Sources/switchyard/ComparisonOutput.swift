import ConfigFiles
import Routing
import StrictJSON

/// A comparison of two configurations, for people and for programs.
extension ConfigurationComparison {
    /// Lines for a terminal, without a trailing line break.
    ///
    /// - Parameter folder: Of the configuration before.
    func text(against folder: String) -> String {
        guard !routing.isEmpty || !others.isEmpty || isCut else { return "nothing changes against \(folder)" }
        var lines = ["against \(folder):"]
        if routing.isEmpty, !isCut { lines.append("no kind of payment takes another way") }
        for change in routing { lines += [""] + Self.lines(change) }
        if isCut {
            lines += ["", "the rules cut payments into more pieces than are compared: there may be more such changes"]
        }
        if !routing.isEmpty || isCut, !others.isEmpty { lines.append("") }
        for other in others {
            lines.append([other.what, other.name, other.text].compactMap(\.self).joined(separator: " "))
        }
        return lines.joined(separator: "\n")
    }

    /// Kinds and cases of one change that are shown; the JSON has all.
    private static let mostLines = 12

    private static func lines(_ change: RoutingChange) -> [String] {
        let (before, after) = (change.before, change.after)
        let isSame = before.route == after.route
        var lines = [isSame ? "\(before.name): other providers" : "\(before.name) → \(after.name)"]
        if before.providers != after.providers || before.strategy != after.strategy {
            lines.append("  from   \(before.way)")
            lines.append("  to     \(after.way)")
        } else if before.route != nil {
            lines.append("  still  \(after.way)")
        }
        if before.goes(like: after) == false, before.route != nil, after.route != nil {
            if before.failoverOn != after.failoverOn {
                lines.append("  failover_on \(before.failover) → \(after.failover)")
            }
            if before.strategy == after.strategy, before.providers == after.providers,
                before.failoverOn == after.failoverOn
            {
                lines.append("  in an order by other fees")
            }
        }
        lines += shown(change.kinds).map { "  for    \($0)" }
        lines += shown(change.cases.map(\.description)).map { "  as in  \($0)" }
        return lines
    }

    private static func shown(_ lines: [String]) -> [String] {
        guard lines.count > mostLines else { return lines }
        return lines.prefix(mostLines) + ["\(lines.count - mostLines) more"]
    }

    /// Writes `{"routing": […], "complete": …, "others": […]}`.
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.name("routing")
        writer.beginArray()
        for change in routing {
            writer.beginObject()
            for (name, decision) in [("before", change.before), ("after", change.after)] {
                writer.name(name)
                writer.beginObject()
                writer.member("route", decision.route)
                writer.member("strategy", decision.strategy?.rawValue)
                Self.write("providers", decision.providers, to: &writer)
                Self.write("failover_on", decision.failoverOn.map(\.rawValue), to: &writer)
                writer.endObject()
            }
            Self.write("kinds", change.kinds, to: &writer)
            Self.write("cases", change.cases.map(\.description), to: &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.member("complete", !isCut)
        writer.name("others")
        writer.beginArray()
        for other in others {
            writer.beginObject()
            writer.member("what", other.what)
            writer.member("name", other.name)
            writer.member("text", other.text)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    private static func write(_ name: String, _ texts: [String], to writer: inout JSONWriter) {
        writer.name(name)
        writer.beginArray()
        for text in texts { writer.string(text) }
        writer.endArray()
    }
}

extension RoutingDecision {
    fileprivate var name: String { route ?? "no route" }

    fileprivate var failover: String {
        failoverOn.isEmpty ? "nothing" : failoverOn.map(\.rawValue).joined(separator: ", ")
    }

    /// `weighted: cards-a 90, cards-b 10`.
    fileprivate var way: String {
        guard route != nil else { return "nobody" }
        let list = providers.isEmpty ? "nobody that can" : providers.joined(separator: ", ")
        return strategy == .priority ? list : "\(strategy?.rawValue ?? ""): \(list)"
    }
}
