@testable import PaymentEngine
import PaymentModel
import Simulation
import Testing

/// The delivery of an event as a value.
struct EventDeliveryTests {
    private static let start = ContinuousClock.now
    private static let calendar = VirtualEnvironment.calendarStart

    /// Takes outcomes, one after the other, each as soon as it may, in attempts that take no time.
    private struct Course {
        var delivery = EventDelivery.pending(since: start)
        var now = start
        var actions: [EventDelivery.Action] = []

        mutating func attempt(_ outcome: EventDelivery.Outcome, retry: [Duration], jitter: UInt64 = 1000) {
            now = max(now, delivery.due ?? now)
            actions.append(
                delivery.finish(
                    outcome, round: delivery.round, began: now, retry: retry, now: now,
                    calendar: calendar.advanced(by: start.duration(to: now)), jitter: jitter))
        }

        var elapsed: Duration { start.duration(to: now) }
    }

    @Test("any 2xx is the end", arguments: [200, 201, 204, 299])
    func delivered(status: Int) {
        var course = Course()
        course.attempt(.replied(status: status), retry: [.seconds(60)])
        #expect(course.actions == [.delivered])
        #expect(course.delivery.status == .delivered)
        #expect(course.delivery.attempts == 1)
        #expect(course.delivery.lastStatus == status)
        #expect(course.delivery.lastError == nil)
        #expect(course.delivery.due == nil)
    }

    @Test(
        "what is not 2xx is repeated after the configured wait",
        arguments: [
            (EventDelivery.Outcome.replied(status: 500), 500 as Int?, "http_500"),
            (.replied(status: 404), 404, "http_404"), (.replied(status: 301), 301, "redirect"),
            (.replied(status: 307), 307, "redirect"), (.lost(reason: "timeout"), nil, "timeout"),
            (.lost(reason: "connect_refused"), nil, "connect_refused"),
        ])
    func retried(outcome: EventDelivery.Outcome, status: Int?, error: String) {
        var course = Course()
        course.attempt(outcome, retry: [.seconds(300), .seconds(900)])
        #expect(course.actions == [.retry(at: Self.start + .seconds(300))])
        #expect(course.delivery.status == .pending)
        #expect(course.delivery.lastStatus == status)
        #expect(course.delivery.lastError == error)
        #expect(course.delivery.nextAttemptAt == Self.calendar.advanced(by: .seconds(300)))
    }

    @Test("after the last wait of the list it has failed")
    func exhausted() {
        var course = Course()
        for _ in 1...3 { course.attempt(.replied(status: 500), retry: [.seconds(300), .seconds(900)]) }
        #expect(
            course.actions == [
                .retry(at: Self.start + .seconds(300)), .retry(at: Self.start + .seconds(1200)), .failed,
            ])
        #expect(course.delivery.status == .failed)
        #expect(course.delivery.attempts == 3)
        #expect(course.delivery.nextAttemptAt == nil)
    }

    @Test("24 hours at most, with a last attempt at their end")
    func day() {
        var course = Course()
        let retry = [Duration](repeating: .seconds(10 * 3600), count: 9)
        while course.delivery.status == .pending { course.attempt(.lost(reason: "timeout"), retry: retry) }
        #expect(course.delivery.status == .failed)
        #expect(course.delivery.attempts == 4)
        #expect(course.elapsed == .seconds(24 * 3600))
    }

    @Test("a wait is spread by a tenth to both sides", arguments: [0, 1000, 2000, 77_777_777] as [UInt64])
    func jitter(random: UInt64) {
        var course = Course()
        course.attempt(.replied(status: 500), retry: [.seconds(1000)], jitter: random)
        let spread = Int(random % 2001) - 1000
        #expect(course.actions == [.retry(at: Self.start + .seconds(1000) + .milliseconds(100 * spread))])
    }

    @Test("410 and a refused address end it at once")
    func final() {
        var gone = Course()
        gone.attempt(.replied(status: 410), retry: [.seconds(1)])
        #expect(gone.actions == [.failed])
        #expect(gone.delivery.lastStatus == 410)
        #expect(gone.delivery.lastError == "gone")
        var refused = Course()
        refused.attempt(.lost(reason: "address_refused"), retry: [.seconds(1)])
        #expect(refused.actions == [.failed])
        #expect(refused.delivery.lastError == "address_refused")
        var stopped = EventDelivery.pending(since: Self.start)
        stopped.giveUp(EventDelivery.gone)
        #expect(stopped.status == .failed)
        #expect(stopped.attempts == 0)
        #expect(stopped.lastError == "gone")
    }

    @Test("asked for anew it begins from the start, and an attempt of before counts no more")
    func restarted() {
        var course = Course()
        course.attempt(.replied(status: 500), retry: [])
        #expect(course.delivery.status == .failed)
        let round = course.delivery.round
        course.delivery.restart(at: course.now)
        #expect(course.delivery.status == .pending)
        #expect(course.delivery.attempts == 0)
        #expect(course.delivery.lastError == nil)
        let late = course.delivery.finish(
            .replied(status: 200), round: round, began: course.now, retry: [], now: course.now,
            calendar: Self.calendar, jitter: 0)
        #expect(late == .overtaken)
        #expect(course.delivery.status == .pending)
        course.attempt(.replied(status: 200), retry: [])
        #expect(course.delivery.status == .delivered)
    }

    @Test("without a webhook it is none, and what waited when it was taken away has failed")
    func none() {
        #expect(EventDelivery.none.status == .none)
        #expect(EventDelivery.none.due == nil)
        var delivery = EventDelivery.pending(since: Self.start)
        delivery.giveUp(EventDelivery.noWebhook)
        #expect(delivery.status == .failed)
        #expect(delivery.lastError == "no_webhook")
        var delivered = Course()
        delivered.attempt(.replied(status: 200), retry: [])
        delivered.delivery.giveUp(EventDelivery.noWebhook)
        #expect(delivered.delivery.status == .delivered)
    }
}
