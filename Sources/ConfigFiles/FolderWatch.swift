/// When a configuration folder that is looked at again and again is to be read: once it differs from what was read last, and has
/// been still for a second, so that half-saved sets do not go live (contract §2). A value, without clock and disk.
package struct FolderWatch: Sendable {
    package enum Action: Sendable, Hashable {
        case wait
        /// Read it, and tell with `willRead`.
        case read
    }

    package static let stillFor: Duration = .seconds(1)

    /// What the last reading began with; nil before the first.
    private var read: FolderSnapshot?
    private var seen: (snapshot: FolderSnapshot, since: ContinuousClock.Instant)?

    /// A watch over a folder that was read at some time before: whether it has changed since then is not known.
    package init() {}

    /// Takes a look at the folder.
    package mutating func look(_ snapshot: FolderSnapshot, now: ContinuousClock.Instant) -> Action {
        guard let seen, seen.snapshot == snapshot else {
            seen = (snapshot, now)
            return .wait
        }
        return snapshot != read && seen.since.duration(to: now) >= Self.stillFor ? .read : .wait
    }

    /// The folder is about to be read, for whatever reason. What is saved from now on counts as a change.
    package mutating func willRead(_ snapshot: FolderSnapshot) { read = snapshot }
}
