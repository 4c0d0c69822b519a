import Foundation
import PrometheusText

/// What operators expect to see of any process, under the names that Prometheus' own clients give it. What the system does not
/// tell is left out: all of it is told by Linux.
enum ProcessMetrics {
    static func samples() -> [SampledMetric] {
        var samples: [SampledMetric] = []
        func add(_ name: String, _ kind: MetricKind, _ help: String, _ value: Double?) {
            if let value { samples.append(SampledMetric(name, kind, help: help, value)) }
        }
        add("process_cpu_seconds_total", .counter, "CPU time, of the program and of the system for it.", cpuSeconds)
        add("process_start_time_seconds", .gauge, "When the process began, since 1970.", startTime)
        add("process_open_fds", .gauge, "Open file descriptors.", openDescriptors.map(Double.init))
        add("process_max_fds", .gauge, "Descriptors that may be open.", mostDescriptors)
        let memory = memoryPages.map { $0.map { Double($0) * pageSize } }
        add("process_virtual_memory_bytes", .gauge, "Address space.", memory?[0])
        add("process_resident_memory_bytes", .gauge, "Memory in use.", memory?[1])
        return samples
    }

    private static var cpuSeconds: Double? {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return nil }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Field 22 of `/proc/self/stat`, in ticks since the system began, and when that was.
    private static let startTime: Double? = {
        // The name of the program, in brackets, may hold spaces.
        guard let stat = text("/proc/self/stat"), let end = stat.lastIndex(of: ")"),
            let boot = text("/proc/stat")?.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let begun = Double(boot.dropFirst("btime ".count))
        else { return nil }
        let fields = stat[end...].split(separator: " ")
        guard fields.count > 20, let ticks = Double(fields[20]) else { return nil }
        return begun + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }()

    private static var openDescriptors: Int? {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count
    }

    private static var mostDescriptors: Double? {
        var limit = rlimit()
        #if canImport(Glibc)
            guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        #else
            guard getrlimit(RLIMIT_NOFILE, &limit) == 0 else { return nil }
        #endif
        return limit.rlim_cur == rlim_t.max ? .infinity : Double(limit.rlim_cur)
    }

    /// All, then resident ones.
    private static var memoryPages: [Int]? {
        let fields = text("/proc/self/statm")?.split(separator: " ").prefix(2).compactMap { Int($0) }
        return fields?.count == 2 ? fields : nil
    }

    private static var pageSize: Double { Double(sysconf(Int32(_SC_PAGESIZE))) }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
