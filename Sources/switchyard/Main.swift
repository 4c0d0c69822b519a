import ArgumentParser
import AsyncHTTPClient
import Crypto
import Hummingbird

import NIOPosix
import ServiceLifecycle
import UnixSignals


@main
struct Switchyard: AsyncParsableCommand {
    func run() async throws {}
}
