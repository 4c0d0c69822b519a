/// Providers that are configured no more, and still needed: follow-ups, inquiries and callbacks of their payments go on. A value.
///
/// One is dropped when the store has no payment that was ever given to it. A call of an older version may be giving it one
/// just then; so it is put in doubt first, the store is asked after that, and it goes only if it is in the same doubt still.
struct RetiredRuntimes {
    /// One round of looking at who is still needed.
    struct Doubt: Equatable {
        fileprivate let number: Int
    }

    private struct Place {
        let runtime: ProviderRuntime
        var doubt: Doubt?
    }

    private var places: [String: Place] = [:]
    private var doubts = 0

    subscript(name: String) -> ProviderRuntime? { places[name]?.runtime }

    var all: [ProviderRuntime] { places.values.map(\.runtime) }

    /// Takes up an instance that was taken out of the configuration, or one that is given a payment by a call that does not
    /// know yet that it was. Of two of one name the first stays.
    mutating func hold(_ runtime: ProviderRuntime) {
        places[runtime.name] = Place(runtime: places[runtime.name]?.runtime ?? runtime)
    }

    /// The name is configured again.
    mutating func remove(_ name: String) { places[name] = nil }

    /// Puts all in doubt. Returns whom.
    mutating func beginDoubt() -> (names: [String], doubt: Doubt) {
        doubts += 1
        let doubt = Doubt(number: doubts)
        for name in places.keys { places[name]?.doubt = doubt }
        return (Array(places.keys), doubt)
    }

    /// Drops one that nobody needed when it was asked in that doubt.
    mutating func drop(_ name: String, in doubt: Doubt) {
        if places[name]?.doubt == doubt { places[name] = nil }
    }
}
