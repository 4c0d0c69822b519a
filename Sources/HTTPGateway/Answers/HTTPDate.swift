import PaymentModel
import Synchronization

/// The `Date` of answers (RFC 9110 §5.6.7), written once a second.
final class HTTPDate: Sendable {
    private struct Written {
        var second: Int64
        var text: String
    }

    private let last = Mutex(Written(second: .min, text: ""))

    /// The text for a moment: `Sat, 24 Jan 2026 10:00:00 GMT`.
    func text(at now: Timestamp) -> String {
        let second = now.milliseconds / 1000
        return last.withLock { last in
            if last.second != second { last = Written(second: second, text: Self.write(now)) }
            return last.text
        }
    }

    private static func write(_ now: Timestamp) -> String {
        // 1970-01-01 was a Thursday. The moments of answers are all after it.
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let date = now.calendarDate
        let day = days[Int(max(0, now.milliseconds) / 86_400_000 % 7)]
        // `2026-01-24T10:00:00.000Z` has the time at the same place for every year.
        let time = now.description.dropFirst(11).prefix(8)
        let dayOfMonth = date.day < 10 ? "0\(date.day)" : "\(date.day)"
        return "\(day), \(dayOfMonth) \(months[Int(date.month - 1)]) \(date.year) \(time) GMT"
    }
}
