// ProviderConformance
