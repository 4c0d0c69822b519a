#if PLANTED_BUGS
    /// A deliberate bug, to prove that the simulator would find it. Exists in debug builds alone, for tests; a release build holds
    /// none of it, and nothing but a test ever plants one.
    package enum PlantedBug: String, Sendable, CaseIterable {
        /// Another provider is tried after a send of which nobody knows what became.
        case failOverOnAmbiguous
        /// The attempt history forgets an open send when a later one at that provider did nothing.
        case judgeByLastAttempt
        /// A caller that hangs up frees the key of a request that is under way.
        case dropLeaseOnCancellation
        /// A breaker takes the results of calls from before it opened.
        case forgetGeneration
        /// A 202 is kept as if it were an outcome.
        case cacheUnknownAsFinal
        /// The key is free before its request has ended.
        case releaseKeyEarly

        /// The bug of this task and those that it starts.
        @TaskLocal package static var planted: PlantedBug?

        package var isPlanted: Bool { Self.planted == self }
    }
#endif
