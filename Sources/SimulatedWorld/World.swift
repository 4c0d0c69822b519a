import Logging
import PaymentEngine
import PaymentModel
import ProviderKit
import ProviderSandbox
import Resilience
import Simulation
import StrictJSON
import Synchronization

/// A router with everything around it: apps that pay, hang up and try again, customers, providers, the network, operators, and
/// crashes. One seed is one run, the same whenever it is run.
///
/// The engine, the routing, the resilience and the plugins are the real ones; time, chance, the network and the providers are
/// simulated. After the storm all is well for more than a day; then everything has to be known.
package final class World: Sendable {
    private struct State {
        var life: Life
        var configuration: WorldConfiguration
        /// Payments for which the customer has done something.
        var visited: Set<Int> = []
        /// The lives in which a wish was asked for.
        var asked: [Int: Set<Int>] = [:]
        /// The payment of a wish in a life.
        var payments: [Int: [Int: String]] = [:]
    }

    let clock: VirtualEnvironment
    let chance: Chance
    let oracle: Oracle
    let tally = Mutex(Tally())
    let scene: Scene
    let links: [ProviderLink]
    let wishes: [Wish]
    /// How long the storm lasts.
    let storm: Duration
    private let takesTime: Bool
    private let simulation: Simulation
    private let state: Mutex<State>
    private let sinkBox = Mutex<EventSink?>(nil)

    /// Runs the world of a seed on the calling thread.
    ///
    /// - Parameter tell: Hears everything that happens, a line each.
    package static func run(seed: UInt64, tell: (@Sendable (String) -> Void)? = nil) -> Outcome {
        let box = Mutex<World?>(nil)
        var violations: [String] = []
        do {
            try Simulation.runHere(seed: seed, order: .shuffled) { simulation in
                let world = World(simulation, seed: seed, oracle: Oracle(tell: tell))
                box.withLock { $0 = world }
                await world.play()
            }
        } catch {
            violations.append("the world got stuck: \(error)")
        }
        guard let world = box.withLock({ $0 }) else { preconditionFailure("a world that never began") }
        world.dissolve()
        return Outcome(
            seed: seed, violations: world.oracle.violations + violations, tally: world.tally.withLock { $0 },
            trace: world.oracle.trace)
    }

    private init(_ simulation: Simulation, seed: UInt64, oracle: Oracle) {
        self.oracle = oracle
        self.simulation = simulation
        clock = simulation.clock
        let chance = Chance(seed: seed ^ 0xC0FFEE)
        self.chance = chance
        let scene = chance.pick(Scene.allCases)
        self.scene = scene
        // A rush: many payments in a short time, so that many calls are under way when a breaker opens.
        let isRush = chance.perMille(100)
        let storm: Duration =
            isRush
            ? .seconds(chance.int(15...40))
            : chance.perMille(700) ? .seconds(chance.int(20...600)) : .seconds(chance.int(600...7200))
        self.storm = storm
        var sandbox = SandboxConfiguration()
        sandbox.documentedLimits = chance.perMille(300)
        sandbox.maxTransactions = 1000
        let plugins = scene.plugins.prefix(chance.int(1...scene.plugins.count))
        let links = plugins.enumerated().map { index, plugin in
            ProviderLink("\(plugin.rawValue)-\(index)", plugin, sandbox, for: storm, chance)
        }
        self.links = links
        wishes = (0..<(isRush ? chance.int(8...14) : chance.int(1...4))).map { Wish($0, scene, chance) }
        takesTime = chance.perMille(700)
        state = Mutex(State(life: Life(number: 0), configuration: WorldConfiguration(links, chance)))
    }

    // MARK: Time

    /// The providers' clocks are right, whatever the router's calendar says.
    var providerTime: SandboxTime {
        let milliseconds = VirtualEnvironment.calendarStart.advanced(by: clock.elapsed).milliseconds
        return SandboxTime(instant: clock.now, wallMilliseconds: milliseconds)
    }

    func pause(_ duration: Duration) async {
        guard duration > .zero else { return await Task.yield() }
        try? await clock.sleep(until: clock.now + duration)
    }

    /// Does something after a while, whoever waits for it or not.
    func later(_ delay: Duration, _ work: @escaping @Sendable () async -> Void) {
        Task {
            await self.pause(delay)
            await work()
        }
    }

    // MARK: What there is

    /// Our own limit towards each provider; nil for none.
    var mostPerSecond: Int? { state.withLock { $0.configuration.requestsPerSecond } }
    var life: Life { state.withLock { $0.life } }
    var post: CallbackPost { CallbackPost(world: self) }
    var sink: EventSink {
        sinkBox.withLock { sink in
            if let sink { return sink }
            let made = EventSink(self)
            sink = made
            return made
        }
    }

    func fault(_ name: String) { tally.withLock { $0.fault(name) } }

    func safety(of marker: Int, at link: ProviderLink) -> SendSafety {
        guard let wish = wishes.first(where: { $0.marker == marker }) else { return .once }
        return link.adapter.createSafety(for: PaymentShape(app: wish.app, request: wish.request))
    }

    /// The payment of a wish in this life, once the app has heard of it.
    func payment(of wish: Wish, in life: Life) -> String? { state.withLock { $0.payments[life.number]?[wish.marker] } }

    func note(_ payment: String, of wish: Wish, in life: Life) {
        state.withLock { $0.payments[life.number, default: [:]][wish.marker] = payment }
    }

    func asks(_ wish: Wish, in life: Life) {
        tally.withLock { $0.requests += 1 }
        state.withLock { _ = $0.asked[wish.marker, default: []].insert(life.number) }
    }

    /// Whether an earlier life knew more of a wish than this one can: memory ends with the process (contract §11).
    func isForgotten(_ wish: Wish) -> Bool { state.withLock { ($0.asked[wish.marker]?.count ?? 0) > 1 } }

    /// True once for each payment.
    func visits(_ marker: Int) -> Bool { state.withLock { $0.visited.insert(marker).inserted } }

    // MARK: The run

    private func play() async {
        await begin()
        async let operators: Void = meddle()
        await withTaskGroup(of: Void.self) { group in
            for wish in wishes {
                for _ in 0..<chance.int(1...3) { group.addTask { await self.want(wish) } }
            }
        }
        await operators
        await simulation.advance(by: max(.zero, storm - clock.elapsed))
        calm()
        // Whoever has no answer yet asks once more; every key can be used.
        for wish in wishes { await ask(wish, for: .seconds(30)) }
        for hour in 0..<27 {
            for link in links { tick(link) }
            await simulation.advance(by: hour < 4 ? .seconds(1200) : .seconds(3600))
        }
        await judge()
        life.kill()
    }

    /// Begins a life of the process.
    private func begin() async {
        let life = self.life
        let configuration = state.withLock { $0.configuration }.engineConfiguration(links)
        let oracle = oracle
        let takesTime = takesTime
        let sink = sink
        do {
            let engine = try PaymentEngine(
                configuration: configuration, environment: clock,
                logger: Logger(label: "world") { _ in SwiftLogNoOpLogHandler() },
                wrappingStore: { WatchedStore(store: $0, oracle: oracle, takesTime: takesTime) },
                eventTransport: { _, _ in sink },
                transport: { configuration in
                    guard let link = self.links.first(where: { $0.name == configuration.name }) else {
                        throw TransportFailure("no_link")
                    }
                    return SimulatedTransport(world: self, life: life, link: link)
                })
            life.begin(with: engine)
        } catch {
            preconditionFailure("an engine that cannot begin: \(error)")
        }
        let run = Task { await life.engine.run() }
        lives.withLock { $0.append((life, run)) }
        simulation.atEnd { run.cancel() }
    }

    /// Every life that there was, with what it does in the background.
    private let lives = Mutex<[(life: Life, run: Task<Void, Never>)]>([])

    /// Lets go of everything: the engines know the world that knows them.
    private func dissolve() {
        for (life, _) in lives.withLock({ $0 }) { life.end() }
        sinkBox.withLock { $0 = nil }
    }

    /// The process dies, and another one begins with nothing but its configuration.
    private func restart() async {
        life.kill()
        for (_, run) in lives.withLock({ $0 }) { run.cancel() }
        tally.withLock { $0.restarts += 1 }
        state.withLock { $0.life = Life(number: $0.life.number + 1) }
        await begin()
    }

    /// What happens to the router beside payments.
    private enum Event: CaseIterable {
        case crash, clockJump, reload

        /// In how many worlds of a thousand, and how often there at most.
        var share: (perMille: Int, most: Int) {
            switch self {
            case .crash: (250, 2)
            case .clockJump: (200, 3)
            case .reload: (300, 4)
            }
        }
    }

    /// Operators, clocks and crashes, one after the other: a process is taken to begin with the right time.
    private func meddle() async {
        var events: [(at: Duration, event: Event)] = []
        for event in Event.allCases where chance.perMille(event.share.perMille) {
            for _ in 0..<chance.int(1...event.share.most) { events.append((chance.duration(upTo: storm), event)) }
        }
        for (at, event) in events.sorted(by: { $0.at < $1.at }) {
            await pause(at - clock.elapsed)
            oracle.note("\(clock.elapsed) \(event)")
            switch event {
            case .crash: await restart()
            case .clockJump:
                fault("clock jump")
                let jump = Duration.seconds(chance.int(-3600...3600))
                clock.shiftCalendar(by: jump)
                await pause(chance.duration(upTo: .seconds(300)))
                clock.shiftCalendar(by: .zero - jump)
            case .reload: await reload()
            }
        }
    }

    /// An operator changes the configuration while payments run.
    private func reload() async {
        tally.withLock { $0.reloads += 1 }
        let configuration = state.withLock { state in
            state.configuration.change(chance)
            return state.configuration
        }
        do {
            _ = try await life.engine.reload(configuration.engineConfiguration(links))
        } catch {
            oracle.violate("a reload failed: \(error)")
        }
    }

    /// The storm is over: what is sent arrives, customers have done what they do, providers answer.
    private func calm() {
        for link in links { link.calm() }
        sink.calm()
    }

    /// Lets time pass at a provider.
    func tick(_ link: ProviderLink) {
        post.send(link.provider.tick(at: providerTime), from: link)
    }
}
