import Resilience
import Testing

@Suite struct TimeSourceTests {
    @Test func `sleepers wake when their time has come and not before`() async throws {
        let time = ManualTimeSource()
        try await time.sleep(until: time.start)
        async let short: Void = time.sleep(until: time.start + .seconds(1))
        async let long: Void = time.sleep(until: time.start + .seconds(2))
        await time.sleepers(atLeast: 2)
        time.advance(by: .seconds(1))
        try await short
        await time.sleepers(atLeast: 1)
        time.advance(by: .seconds(1))
        try await long
        #expect(time.now == time.start + .seconds(2))
    }

    @Test func `a cancelled sleeper throws at once`() async {
        let time = ManualTimeSource()
        let sleeper = Task { try await time.sleep(until: time.start + .seconds(1)) }
        await time.sleepers(atLeast: 1)
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
    }

    @Test func `the system's time sleeps to its deadline and can be cancelled`() async throws {
        let time = SystemTimeSource()
        let deadline = time.now + .milliseconds(5)
        try await time.sleep(until: deadline)
        #expect(time.now >= deadline)
        let sleeper = Task { try await time.sleep(until: time.now + .seconds(3600)) }
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
    }
}
