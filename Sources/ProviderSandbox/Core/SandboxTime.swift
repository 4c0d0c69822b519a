import Foundation

/// One moment, on both clocks: lifetimes are counted on the monotonic one, documents show the other.
package struct SandboxTime: Sendable {
    package let instant: ContinuousClock.Instant
    package let wall: WallTime

    /// As much later on both.
    package func advanced(by duration: Duration) -> SandboxTime {
        SandboxTime(instant: instant.advanced(by: duration), wall: wall.advanced(by: duration))
    }

    static func now() -> SandboxTime {
        SandboxTime(instant: .now, wall: WallTime(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)))
    }
}

extension SandboxTime {
    /// - Parameter wallMilliseconds: since 1970-01-01T00:00:00Z, and not before.
    package init(instant: ContinuousClock.Instant, wallMilliseconds: Int64) {
        self.init(instant: instant, wall: WallTime(microseconds: wallMilliseconds * 1000))
    }
}

/// A UTC date and time to the microsecond, with the formats that the providers document. Written out by hand because
/// each of them is a different one and all are on the create path.
package struct WallTime: Sendable, Comparable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    package let microseconds: Int64

    /// `12/10/25 16:28:21`: day, month and year of two digits, no zone.
    var dayMonthYear: String {
        let day = Array(secondsZ.utf8)
        func part(_ range: Range<Int>) -> String { String(decoding: day[range], as: UTF8.self) }
        return "\(part(8..<10))/\(part(5..<7))/\(part(2..<4)) \(part(11..<19))"
    }

    /// `2024-06-01T12:34:56+00:00`
    var seconds: String { format(fractionDigits: 0, zone: "+00:00") }
    /// `2026-01-24T10:00:00Z`
    var secondsZ: String { format(fractionDigits: 0, zone: "Z") }
    /// `2025-06-11T17:02:51.118Z`
    var millisecondsZ: String { format(fractionDigits: 3, zone: "Z") }
    /// `2024-06-01T12:34:56.000000Z`
    var microsecondsZ: String { format(fractionDigits: 6, zone: "Z") }

    /// The year, and the month from 1 to 12.
    var yearAndMonth: (year: Int64, month: Int64) {
        let (year, month, _) = Self.civil(fromDays: microseconds / 86_400_000_000)
        return (year, month)
    }

    /// As much later, to the microsecond.
    func advanced(by duration: Duration) -> WallTime {
        WallTime(microseconds: microseconds + duration.nanoseconds / 1000)
    }

    package static func < (left: WallTime, right: WallTime) -> Bool { left.microseconds < right.microseconds }

    private func format(fractionDigits: Int, zone: String) -> String {
        let second = microseconds / 1_000_000
        let (year, month, day) = Self.civil(fromDays: second / 86_400)
        let ofDay = second % 86_400
        var text: [UInt8] = []
        text.reserveCapacity(32)
        Self.append(year, width: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        Self.append(month, width: 2, to: &text)
        text.append(UInt8(ascii: "-"))
        Self.append(day, width: 2, to: &text)
        text.append(UInt8(ascii: "T"))
        Self.append(ofDay / 3600, width: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        Self.append(ofDay / 60 % 60, width: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        Self.append(ofDay % 60, width: 2, to: &text)
        if fractionDigits > 0 {
            text.append(UInt8(ascii: "."))
            let fraction = microseconds % 1_000_000
            Self.append(fractionDigits == 3 ? fraction / 1000 : fraction, width: fractionDigits, to: &text)
        }
        text.append(contentsOf: zone.utf8)
        return String(decoding: text, as: UTF8.self)
    }

    private static func append(_ value: Int64, width: Int, to text: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    /// The Gregorian date of a day number since 1970, for days from 1970 on: counts in 400-year eras that begin in
    /// March, so that the leap day is the last of a year.
    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
