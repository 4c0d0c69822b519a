import StrictJSON
package import PaymentModel

/// What reads the configuration again while the process runs (contract §2, 'Reload').
package protocol ReloadAPI: Sendable {
    /// Reads it now. Returns when the new one is in force, or its faults are known.
    func reload() async -> ReloadReport

    /// The last readings, newest first.
    var reloads: [ReloadReport] { get }
}

/// What came of reading the configuration.
package struct ReloadReport: Sendable, Hashable {
    package let at: Timestamp
    /// What made it be read: `SIGHUP`, `request` or `change`.
    package let trigger: String
    /// Whether it is in force; else its faults keep the one before.
    package let isSuccessful: Bool
    /// Of the configuration in force afterwards.
    package let version: String
    /// Faults and warnings as `check` prints them; also what stays as it is until a restart.
    package var faults: [String]

    /// Makes a report.
    package init(at: Timestamp, trigger: String, isSuccessful: Bool, version: String, faults: [String]) {
        self.at = at
        self.trigger = trigger
        self.isSuccessful = isSuccessful
        self.version = version
        self.faults = faults
    }
}

extension ReloadReport {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("at", at.description)
            json.member("trigger", trigger)
            json.member("successful", isSuccessful)
            json.member("version", version)
            json.member("faults") { json in
                json.array { json in
                    for fault in faults { json.string(fault) }
                }
            }
        }
    }
}
