using System.Collections.Concurrent;
using Btmm.Server.Storage;
using Btmm.Server.Updates;

namespace Btmm.Server.Zones;

/// <content>What other services do to the zones of a store that they share with this one.</content>
internal sealed partial class ZoneWriter
{
    private readonly ReplayCache _elsewhere = new(clock);
    private readonly ConcurrentDictionary<Zone, bool> _behind = new();

    /// <summary>Says that another service may have changed a zone; the writer takes the changes over in its turn.</summary>
    internal void Follow(Zone zone)
    {
        _behind[zone] = true;
        _queue.Writer.TryWrite(null); // a full queue has the writer awake anyway
    }

    /// <summary>Says that the store cannot be reached.</summary>
    internal void ReportLost(string failure) => Report(new IOException(failure));

    /// <summary>Remembers updates that were answered elsewhere.</summary>
    internal void Learn(IEnumerable<SignedUpdate> updates)
    {
        foreach (SignedUpdate update in updates)
            _elsewhere.Learn(update.Mac, update.Rcode);
    }

    private async ValueTask FollowAllAsync()
    {
        foreach (Zone zone in _behind.Keys)
        {
            if (!_behind.TryRemove(zone, out _))
                continue;
            try
            {
                await FollowAsync(zone).ConfigureAwait(false);
                ReportSuccess();
            }
            catch (Exception error)
            {
                // The zone is served as it is. A store that was away says when it is back.
                Report(error);
            }
        }
    }

    private async ValueTask FollowAsync(Zone zone)
    {
        // Not to be interrupted, as a commit.
        IReadOnlyList<ZoneTransaction>? steps = await store.ReadStepsAsync(zone.Apex, zone.Version, CancellationToken.None).ConfigureAwait(false);
        ZoneImage? image = steps is null ? await store.LoadAsync(zone.Apex, CancellationToken.None).ConfigureAwait(false) : null;
        var follower = new ZoneFollower(zone.Current, clock.Now, clock.UtcNow);
        if (image is not null)
        {
            if (image.Records.Count == 0)
                throw new IOException($"The zone {zone.Apex} is not in the store any more.");
            follower.Replace(image.Records);
            Learn(image.Updates);
        }

        foreach (ZoneTransaction step in steps ?? [])
        {
            follower.Apply(step);
            Learn(step.Updates);
        }

        zone.Publish(follower.Snapshot, follower.Changes, image?.Version ?? zone.Version + (steps?.Count ?? 0));
    }
}
