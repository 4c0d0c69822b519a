import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import StrictJSON
import Synchronization

/// Callers who pay at a steady pace over kept connections. Each request begins at its time, whatever became of those
/// before it (an open loop), so that a stall shows as requests that pile up and not as a pause in the sending.
struct Load: Sendable {
    /// What became of one request, as its caller saw it.
    enum End: Sendable {
        case answered(Answered)
        /// No connection was to be had: nothing was sent.
        case refused
        /// There was a connection, and it ended without an answer.
        case aborted(String)
        /// No answer within the deadline.
        case late
        /// The caller went away before there was an answer.
        case hungUp
    }

    struct Outcome: Sendable {
        let number: Int
        let begunAt: ContinuousClock.Instant
        let took: Duration
        let end: End

        var answer: Answered? { if case .answered(let answer) = end { answer } else { nil } }
    }

    /// The tests that put the program under load, with the rates and times of a production machine; else with those that a
    /// debug build on a busy laptop sustains.
    static let isLong = ProcessInfo.processInfo.environment["SWITCHYARD_LONG"] != nil

    let http: HTTPClient
    /// Scheme, host and port of the API.
    let origin: String
    let perSecond: Int
    /// After which an answer is late.
    let deadline: Duration
    /// When the caller of a request goes away; nil: it waits.
    var patience: @Sendable (Int) -> Duration? = { _ in nil }
    let body: @Sendable (Int) -> String

    static func key(_ number: Int) -> String { "k-\(number)" }

    /// Sends requests 0, 1, … until `end`, and returns when each has ended, in their order.
    ///
    /// - Parameter whenRefused: Where given, it is turned on by the first caller who gets no connection.
    func run(until end: Flag, whenRefused: Flag? = nil) async -> [Outcome] {
        let start = ContinuousClock.now
        return await withTaskGroup(of: Outcome.self) { group in
            var number = 0
            while !end.isOn {
                group.addTask { [number] in
                    let outcome = await send(number)
                    if case .refused = outcome.end { whenRefused?.turnOn() }
                    return outcome
                }
                number += 1
                try? await Task.sleep(until: start + .seconds(1) * number / perSecond)
            }
            var outcomes: [Outcome] = []
            for await outcome in group { outcomes.append(outcome) }
            return outcomes.sorted { $0.number < $1.number }
        }
    }

    private func send(_ number: Int) async -> Outcome {
        let begunAt = ContinuousClock.now
        let call = Task { await answer(number) }
        let impatience = patience(number).map { patience in
            Task {
                try await Task.sleep(for: patience)
                call.cancel()
            }
        }
        let end = await call.value
        impatience?.cancel()
        return Outcome(number: number, begunAt: begunAt, took: begunAt.duration(to: .now), end: end)
    }

    private func answer(_ number: Int) async -> End {
        do {
            let headers = [
                "authorization": "Bearer \(Router.shop)", "content-type": "application/json",
                "idempotency-key": Self.key(number),
            ]
            return .answered(
                try await http.answer(
                    .POST, origin + "/v1/payments", headers, Array(body(number).utf8), within: deadline))
        } catch is CancellationError {
            return .hungUp
        } catch let error as HTTPClientError where error == .cancelled {
            return .hungUp
        } catch let error as HTTPClientError where error == .deadlineExceeded {
            return .late
        } catch let error as HTTPClientError where error == .connectTimeout {
            return .refused
        } catch is NIOConnectionError {
            return .refused
        } catch let error as IOError where error.errnoCode == ECONNREFUSED {
            return .refused
        } catch {
            return .aborted("\(error)")
        }
    }
}

/// Off, until somebody turns it on.
final class Flag: Sendable {
    private let state = Mutex(false)
    var isOn: Bool { state.withLock { $0 } }
    func turnOn() { state.withLock { $0 = true } }
}

/// A try of an answer's `attempts`.
struct Tried: Sendable {
    let provider: String
    let operation: String
    let outcome: String
    let reason: String?
    let startedAt: String
    let milliseconds: Int64

    /// Nobody knows what became of it.
    var isLost: Bool { operation == "create" && outcome == "ambiguous" }
    /// It reached for the provider.
    var isLook: Bool { outcome != "skipped" }
}

extension Answered {
    /// The tries, of the payment or of the problem.
    var tries: [Tried] {
        (json["attempts"]?.array ?? []).map { attempt in
            func text(_ name: String) -> String { attempt[name]?.string ?? "" }
            return Tried(
                provider: text("provider"), operation: text("operation"), outcome: text("outcome"),
                reason: attempt["reason"]?.string, startedAt: text("started_at"),
                milliseconds: attempt["duration_ms"]?.integer ?? -1)
        }
    }
}
