import HTTPTypes
import Resilience

/// The `RateLimit` and `RateLimit-Policy` fields of draft-ietf-httpapi-ratelimit-headers-10.
///
/// A policy is told by the quantity that can be used at once (`q`) and the seconds in which all of it comes back (`w`):
/// for a limit without a burst its `requests` and `per`; with one, `burst` and the time that refilling it takes.
enum RateLimitFields {
    /// Adds the policies of an app, and where it stands with the one that leaves it the least.
    static func add(to headers: inout HTTPFields, limits: [RateLimit], standing: RateStanding?) {
        headers[.rateLimitPolicy] = limits.enumerated().map { index, limit in
            "\(name(of: index));q=\(limit.capacity);w=\(window(of: limit))"
        }.joined(separator: ", ")
        if let standing {
            headers[.rateLimit] = "\(name(of: standing.index));r=\(standing.remaining);t=\(standing.resetSeconds)"
        }
    }

    private static func name(of index: Int) -> String { "\"limit-\(index + 1)\"" }

    private static func window(of limit: RateLimit) -> Int {
        max(1, (limit.per * limit.capacity / limit.requests).secondsRoundedUp)
    }
}
