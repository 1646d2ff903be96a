namespace Btmm.Server.Storage;

/// <summary>A store that outlives the process. Its owner disposes it after the service.</summary>
public interface IDurableZoneStore : IZoneStore, IZoneCatalog, IAsyncDisposable;
