import Routing

/// A route with the places that later checks name.
struct RouteDraft {
    let route: Route
    let position: SourcePosition
    /// Where `use` stands.
    let use: SourcePosition
    /// Where each provider of it stands.
    let members: [SourcePosition]
}

/// Reads the items of `routes`.
struct RouteReader {
    let faults: FaultLog
    let apps: Set<String>
    let providers: Set<String>
    /// Whether every file could be read, so that an unknown name is one.
    let namesAreComplete: Bool

    /// A route's name as it is written, whatever else is wrong with the route. Reports nothing.
    static func name(of node: ConfigNode) -> Located<String>? {
        guard case .map(let entries) = node.content, let entry = entries.first(where: { $0.key == "name" }),
            case .scalar(let scalar) = entry.value.content
        else { return nil }
        return Located(value: scalar.text, position: entry.value.position)
    }

    func read(_ node: ConfigNode) -> RouteDraft? {
        guard var map = MapReader(node, "route", faults: faults) else { return nil }
        let name = map.required("name").flatMap { faults.scalar($0, "name", Values.routeName) }
        let conditions = ConditionReader(faults: faults, apps: apps, namesAreComplete: namesAreComplete)
        let when = map.node("when").map { conditions.read($0, "when") }
        let strategy = map.value("strategy", Values.choice(Route.Strategy.self)) ?? .priority
        let use = map.required("use")
        let members = use.flatMap { readUse($0, strategy: strategy) }
        let failover = map.values("failover_on", Values.choice(Route.Failover.self))
        map.finish()
        guard let name, let use, let members else { return nil }
        if case .some(.none) = when { return nil }
        let route = Route(
            name: name.value, when: when.flatMap { $0 } ?? RouteCondition(), strategy: strategy,
            use: members.map(\.value),
            failoverOn: failover.map { Set($0.map(\.value)) } ?? [.unavailable, .rateLimited])
        return RouteDraft(
            route: route, position: name.position, use: use.position, members: members.map(\.position))
    }

    private func readUse(_ node: ConfigNode, strategy: Route.Strategy) -> [Located<Route.Member>]? {
        guard let items = faults.items(node, "use") else { return nil }
        var members: [Located<Route.Member>] = []
        for item in items {
            guard let member = readMember(item, strategy: strategy) else { continue }
            if members.contains(where: { $0.value.provider == member.provider }) {
                faults.error(at: item.position, "provider '\(member.provider)' is used twice")
            }
            members.append(Located(value: member, position: item.position))
        }
        if items.isEmpty { faults.error(at: node.position, "'use' must name a provider") }
        if strategy == .weighted, !members.isEmpty, members.allSatisfy({ $0.value.weight == 0 }) {
            faults.error(at: node.position, "one provider must have a weight above 0")
        }
        return members.isEmpty ? nil : members
    }

    /// A name, or `{ provider: name, weight: 90 }`.
    private func readMember(_ node: ConfigNode, strategy: Route.Strategy) -> Route.Member? {
        guard case .map = node.content else {
            return faults.scalar(node, "use", knownProvider).map { Route.Member(provider: $0.value) }
        }
        guard var map = MapReader(node, "use", faults: faults) else { return nil }
        let provider = map.requiredValue("provider", knownProvider)
        let weight = map.located("weight", Values.integer(0...1_000_000))
        map.finish()
        if let weight, strategy != .weighted {
            faults.error(at: weight.position, "'weight' needs 'strategy: weighted'")
        }
        return provider.map { Route.Member(provider: $0, weight: weight?.value ?? 1) }
    }

    private func knownProvider(_ scalar: ConfigScalar) throws(Misfit) -> String {
        guard !namesAreComplete || providers.contains(scalar.text) else {
            throw Misfit(
                "unknown provider \(scalar.shown)",
                suggestion: DidYouMean.suggestion(for: scalar.text, among: providers))
        }
        return scalar.text
    }
}

extension Values {
    /// A name that an expectation can tell from no route at all.
    static func routeName(_ scalar: ConfigScalar) throws(Misfit) -> String {
        guard isName(scalar.text) else { throw Misfit("\(scalar.shown) is no name for a route: \(nameRule)") }
        guard scalar.text != noRoute else { throw Misfit("'\(noRoute)' stands for no route in expectations") }
        return scalar.text
    }

    /// What `expect` calls no route.
    static let noRoute = "none"
}
