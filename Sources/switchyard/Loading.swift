import ConfigFiles
import Foundation
import Logging
import PaymentEngine
import ProviderTransport

/// The loader over the built-in plugins and this process's environment.
func configurationLoader(environment: [String: String] = ProcessInfo.processInfo.environment) -> ConfigurationLoader {
    ConfigurationLoader(plugins: builtInPlugins, environment: environment)
}

/// Loads a configuration that is to be used; its faults go to standard error and end the program with 1.
func loadOrExit(_ source: ConfigurationSource) -> EngineConfiguration {
    let (configuration, faults) = source.load()
    for fault in faults { printError(fault.description) }
    guard let configuration else {
        printError("switchyard: the configuration in \(source.folder) cannot be used")
        exit(1)
    }
    return configuration
}

/// A line on standard error.
func printError(_ line: String) {
    FileHandle.standardError.write(Data((line + "\n").utf8))
}
