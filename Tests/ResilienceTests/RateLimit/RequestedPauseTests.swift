import Resilience
import Testing

@Suite struct RequestedPauseTests {
    let start = ContinuousClock.now
    var pause = RequestedPause()

    @Test mutating func `it lasts as long as asked for, and no longer`() {
        #expect(pause.rest(now: start) == nil)
        pause.request(.seconds(7), now: start)
        #expect(pause.rest(now: start) == .seconds(7))
        #expect(pause.rest(now: start + .milliseconds(6999)) == .milliseconds(1))
        #expect(pause.rest(now: start + .seconds(7)) == nil)
    }

    @Test mutating func `a shorter wait that comes later ends nothing, a longer one prolongs it`() {
        pause.request(.seconds(7), now: start)
        pause.request(.seconds(1), now: start + .seconds(1))
        #expect(pause.rest(now: start + .seconds(2)) == .seconds(5))
        pause.request(.seconds(7), now: start + .seconds(2))
        #expect(pause.rest(now: start + .seconds(2)) == .seconds(7))
    }

    @Test(arguments: [60, 61, 900, 86_400]) func `it has an end that the provider does not choose`(seconds: Int) {
        var pause = pause
        pause.request(.seconds(seconds), now: start)
        #expect(pause.rest(now: start) == .seconds(60))
        #expect(pause.rest(now: start + .seconds(60)) == nil)
    }

    @Test mutating func `no wait is none`() {
        pause.request(.zero, now: start)
        #expect(pause.rest(now: start) == nil)
    }
}
