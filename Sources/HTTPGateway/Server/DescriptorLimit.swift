#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// How many files and sockets the process may have open.
///
/// Running out of them is not survived: libdispatch, on whose threads Swift's tasks run, watches its pools through files
/// under `/proc` and stops the process when it cannot open one. So callers may never take the last ones.
enum DescriptorLimit {
    /// The limit, after the soft one has been raised to the hard one.
    static let raised: Int = {
        var limit = rlimit()
        #if canImport(Glibc)
            let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let files = RLIMIT_NOFILE
        #endif
        guard getrlimit(files, &limit) == 0 else { return 1024 }
        var wanted = limit
        wanted.rlim_cur = limit.rlim_max
        if setrlimit(files, &wanted) == 0 { limit = wanted }
        return Int(clamping: limit.rlim_cur)
    }()

    /// How many connections a listener may take that wants `wanted`: three quarters of what is left when the process has
    /// its own; the rest is for connections to providers and to apps.
    static func connections(_ wanted: Int, of descriptors: Int = raised) -> Int {
        min(wanted, max(16, (descriptors - 128) / 4 * 3))
    }
}
